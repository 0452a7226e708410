import { expect, it } from "vitest";
import { powershellScript } from "../../src/completion/powershell.ts";

it("PowerShell is told of commands, flags and values as its own tables and lists", () => {
  const flag = { names: ["--format"], summary: "what's written", values: { words: ["onnx", "pth"] }, many: false };
  const photos = { names: ["--imgs"], summary: "photos", values: { files: "file" as const }, many: true };
  const script = powershellScript({
    commands: [
      { names: ["test", "segment"], summary: "segment", flags: [flag, photos], values: {}, after: {}, keys: true },
      {
        names: ["get"],
        summary: "get",
        flags: [],
        values: { words: ["a"] },
        after: { a: { words: ["b"] } },
        keys: false,
      },
    ],
    flags: [],
    keys: ["DIR", "TRAIN.seed"],
    keyValues: { "TRAIN.optim": { words: ["SGD"] } },
  });
  const [tables] = script.split("  $before = ");
  // Quotes are doubled; a * stands for any word among the values of a flag that takes several.
  expect(tables).toBe(`# Completion of seg for PowerShell.
Register-ArgumentCompleter -Native -CommandName seg -ScriptBlock {
  param($current, $ast, $position)
  $keys = @('DIR', 'TRAIN.seed')
  $about = [ordered]@{
    'test' = 'segment'
    'segment' = 'segment'
    'get' = 'get'
  }
  $flags = @{
    '' = [ordered]@{
    }
    'test' = [ordered]@{
      '--format' = 'what''s written'
      '--imgs' = 'photos'
    }
    'segment' = [ordered]@{
      '--format' = 'what''s written'
      '--imgs' = 'photos'
    }
    'get' = [ordered]@{
    }
  }
  # What may stand after a word of a command; with * after any word of the flag's values.
  $values = @{
    'test --format' = @('onnx', 'pth')
    'test --imgs*' = @()
    'test ' = @()
    'segment --format' = @('onnx', 'pth')
    'segment --imgs*' = @()
    'segment ' = @()
    'get a' = @('b')
    'get ' = @('a')
    'TRAIN.optim' = @('SGD')
  }
  $takesKeys = @('test', 'segment')
  $onlyKeys = @('test', 'segment')
`);
});
