// Which frames a stream takes in which state (RFC 9113, 5.1), identifiers and concurrency.

import { testRows } from "./rows.ts";
import {
  closedRows,
  concurrencyRows,
  forgottenRows,
  halfClosedRows,
  identifierRows,
  idleRows,
  isolationRows,
  openRows,
  resetByUsRows,
} from "./state_rows.ts";

testRows("idle", idleRows);
testRows("open", openRows);
testRows("half-closed (remote)", halfClosedRows);
testRows("closed", closedRows);
testRows("long closed", forgottenRows);
testRows("reset by us", resetByUsRows);
testRows("identifiers", identifierRows);
testRows("concurrency", concurrencyRows);
testRows("isolation", isolationRows);
