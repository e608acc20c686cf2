// The opcodes of frames and the types of messages (RFC 6455, 5.2 and 11.8).

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export type Opcode = typeof OPCODE[keyof typeof OPCODE];

/** What a message of data is. */
export type MessageType = "text" | "binary";

export function isControl(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}

export function isKnownOpcode(opcode: number): opcode is Opcode {
  return opcode <= OPCODE.binary || (opcode >= OPCODE.close && opcode <= OPCODE.pong);
}
