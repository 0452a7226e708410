/** Writes the few pickle opcodes of protocol 2 that a state dict needs. */
export class PickleWriter {
  readonly #parts: Buffer[] = [Buffer.from([0x80, 2])];

  /** Opcodes without arguments, by their characters: `(` MARK, `t` TUPLE, `R` REDUCE, `Q` BINPERSID, `u` SETITEMS, `)` `]` `}` empty ones. */
  op(characters: string): this {
    return this.#add(Buffer.from(characters, "latin1"));
  }

  global(module: string, name: string): this {
    return this.op(`c${module}\n${name}\n`);
  }

  string(text: string): this {
    const bytes = Buffer.from(text);
    const head = Buffer.from("X\0\0\0\0", "latin1");
    head.writeUInt32LE(bytes.length, 1);
    return this.#add(Buffer.concat([head, bytes]));
  }

  /** A natural number. */
  integer(value: number): this {
    if (value < 2 ** 31) {
      const bytes = Buffer.from("J\0\0\0\0", "latin1");
      bytes.writeInt32LE(value, 1);
      return this.#add(bytes);
    }
    const bytes = Buffer.from("\x8a\x08\0\0\0\0\0\0\0\0", "latin1");
    bytes.writeBigInt64LE(BigInt(value), 2);
    return this.#add(bytes);
  }

  integers(values: readonly number[]): this {
    if (values.length === 0) return this.op(")");
    this.op("(");
    for (const value of values) this.integer(value);
    return this.op("t");
  }

  /** Ends the pickle. */
  end(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from(".")]);
  }

  #add(bytes: Buffer): this {
    this.#parts.push(bytes);
    return this;
  }
}
