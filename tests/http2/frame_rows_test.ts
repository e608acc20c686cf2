// What the codec makes of single frames, in both roles (RFC 9113, 4 to 6).

import { goAwayRows, pingRows, priorityRows, resetRows, settingsRows, windowRows } from "./control_rows.ts";
import { continuationRows, dataRows, formatRows, headersRows } from "./frame_rows.ts";
import { testRows } from "./rows.ts";

testRows("format", formatRows);
testRows("DATA", dataRows);
testRows("HEADERS", headersRows);
testRows("CONTINUATION", continuationRows);
testRows("PRIORITY", priorityRows);
testRows("RST_STREAM", resetRows);
testRows("SETTINGS", settingsRows);
testRows("PING", pingRows);
testRows("GOAWAY", goAwayRows);
testRows("WINDOW_UPDATE", windowRows);
