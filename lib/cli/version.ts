// Which mitm this is.

import project from "../../deno.json" with { type: "json" };

export const version: string = project.version;

/** "mitm 0.1.0 (deno 2.9.6, linux x86_64)" */
export function versionText(): string {
  return `mitm ${version} (deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch})`;
}
