/** Values as they are in the file: no colour management, no alpha multiplied in. */
export const AS_STORED: ImageBitmapOptions = {
  imageOrientation: "from-image",
  colorSpaceConversion: "none",
  premultiplyAlpha: "none",
};
