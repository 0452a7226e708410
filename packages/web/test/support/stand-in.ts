import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
const NODE = /^(node:.*|sharp|@seg\/node|yazl)$/;
const BYTES = `
globalThis.Buffer ??= class Buffer extends Uint8Array {
  static alloc(n){ return new Buffer(n); }
  static from(x, e){ return e === "base64" ? new Buffer(Uint8Array.from(atob(x), (c) => c.charCodeAt(0))) : new Buffer(x); }
  readUInt16LE(at = 0){ return this[at] + 256 * this[at + 1]; }
  readBigUInt64LE(at = 0){ return new DataView(this.buffer, this.byteOffset).getBigUint64(at, true); }
  toString(e, a = 0, b = this.length){ return new TextDecoder(e === "latin1" ? "latin1" : "utf-8").decode(this.subarray(a, b)); }
};
export function allocate(n){ return new Uint8Array(n); }
export class ByteFile {
  constructor(bytes){ this.bytes=bytes; this.size=bytes.length; }
  static async open(s){ return new ByteFile(s instanceof Blob ? new Uint8Array(await s.arrayBuffer()) : s); }
  readSync(t,p){ t.set(this.bytes.subarray(p,p+t.length)); }
  async readBytes(p,n){ return this.bytes.slice(p,p+n).buffer; }
  async close(){}
}`;
export function standIn(): Plugin {
  return {
    name: "stand-in",
    enforce: "pre",
    resolveId(id) { if (id === "#runtime") return fileURLToPath(new URL("../../../onnx/src/inference/runtime-web.ts", import.meta.url)); return NODE.test(id) ? `\0node ${id}` : undefined; },
    load(id) {
      if (id.endsWith("checkpoint/src/byte-file.ts")) return BYTES;
      if (!id.startsWith("\0node ")) return undefined;
      return { code: `const p = new Proxy(function(){}, {get:(t,k)=>k==="prototype"?{}:p, apply:()=>p, construct:()=>p});
        export const isUtf8=()=>true; export default p;` +
        "constants,readSync,open,stat,Readable,Writable,pipeline,crc32,createInflateRaw,writeFileAtomic,fileURLToPath,isAnyArrayBuffer,HttpError,httpGet,basename,extname,join,parse,relative,sep,readdir,realpath,dirname,isAbsolute,resolve,localPath,createInflate,FileError,readRegularFile,readTextFile,setImmediate,availableParallelism,cpus,readFileSync,createRequire,endianness".split(",").map((n)=>`export const ${n}=p;`).join("") };
    },
  };
}
