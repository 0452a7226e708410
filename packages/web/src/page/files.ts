/** What was dropped, pasted or picked, told apart by name and type. */
export interface SortedFiles {
  photos: File[];
  /** Files of a model: weights, configuration, class lists. */
  model: File[];
  /** What is neither. */
  others: File[];
}

const WEIGHTS = /\.(pth|pt|safetensors|onnx)$/i;
const BESIDE = /\.(ya?ml|json|csv|txt)$/i;
const PHOTO = /\.(jpe?g|jfif|png|webp|avif|gif|bmp|svg|heic|heif|tiff?)$/i;

/** Tells photos from a model's files. A class list or configuration counts as the model's only beside weights, or as YAML. */
export function sortFiles(files: readonly File[]): SortedFiles {
  const hasWeights = files.some(({ name }) => WEIGHTS.test(name) || /\.ya?ml$/i.test(name));
  const isModel = ({ name }: File) => WEIGHTS.test(name) || (hasWeights && BESIDE.test(name));
  const isPhoto = (file: File) => !isModel(file) && (file.type.startsWith("image/") || PHOTO.test(file.name));
  return {
    photos: files.filter(isPhoto),
    model: files.filter(isModel),
    others: files.filter((file) => !isModel(file) && !isPhoto(file)),
  };
}

/** The files of a drop, those in folders too. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  // Entries must be had before the first pause: afterwards the browser has emptied the list.
  const entries = [...data.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = await Promise.all(entries.map((entry) => (entry ? filesOf(entry) : [])));
  return found.flat();
}

async function filesOf(entry: FileSystemEntry | File): Promise<File[]> {
  if (entry instanceof File) return [entry];
  if (entry.isFile) {
    return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    // A reader gives a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return files;
    // What systems leave in folders, such as .DS_Store, nobody meant to drop.
    for (const inner of some) if (!inner.name.startsWith(".")) files.push(...(await filesOf(inner)));
  }
}
