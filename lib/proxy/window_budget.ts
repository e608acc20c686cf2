// What the large windows of all HTTP/2 connections may take together. Each connection has its own bound; a client that
// opens many, each with a transfer nobody takes, has this one.

import { WindowBudget } from "../http2/window_budget.ts";

/** Bytes. 256 MiB: sixteen transfers with a large window from their beginning; further ones begin with a small one. */
export const SHARED_WINDOW_GROWTH = 256 * 1024 * 1024;

/** One for the process, as its memory is. */
export const windowBudget = new WindowBudget(SHARED_WINDOW_GROWTH);
