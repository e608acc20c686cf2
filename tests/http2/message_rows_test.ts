// Requests and responses as frames: what is malformed, what is forgiven, what is neither (RFC 9113, 8).

import * as request from "./request_message_rows.ts";
import * as response from "./response_message_rows.ts";
import { testRows } from "./rows.ts";

testRows("exchange", [...request.exchangeRows, ...response.exchangeRows]);
testRows("content-length", [...request.lengthRows, ...response.lengthRows]);
testRows("fields", [...request.fieldRows, ...response.fieldRows]);
testRows("pseudo-fields", [...request.pseudoFieldRows, ...response.pseudoFieldRows]);
testRows("after a fault", [...request.afterFaultRows, ...response.manyRows]);
testRows("CONNECT", response.connectRows);
