// How a connection begins, what loses the compression table, pushes, priorities, extended CONNECT.

import { extendedConnectRows, priorityRows } from "./extension_rows.ts";
import { blockRows, tableRows } from "./hpack_rows.ts";
import { prefaceRows } from "./preface_rows.ts";
import { badRequestRows, misplacedRows, promiseRows, reservedRows, resetRows } from "./push_rows.ts";
import { testRows } from "./rows.ts";

testRows("preface", prefaceRows);
testRows("field block", blockRows);
testRows("compression table", tableRows);
testRows("push", promiseRows);
testRows("push, the request", badRequestRows);
testRows("PUSH_PROMISE", misplacedRows);
testRows("promised stream", reservedRows);
testRows("push, refused", resetRows);
testRows("priority", priorityRows);
testRows("extended CONNECT", extendedConnectRows);
