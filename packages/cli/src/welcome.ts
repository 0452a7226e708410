/** What `seg` by itself says, on stderr and with the exit code of wrong usage: what to do first. */
export const WELCOME = `seg tells what every pixel of a photo shows: one of ADE20K's 150 classes, or of
your own.

Does it work here? The photo and the small model that come along:
  seg demo

A photo of yours, by the small model; then by a good one, whose weights are
downloaded once:
  seg test photo.jpg --demo
  seg test photo.jpg

A network of your own, from a folder of photos and one of their masks:
  seg train --images photos/ --labels masks/ --val-split 0.1 \\
    --num-class 2 --label-map mask DIR ckpt/mine

Which engines work here, and how fast:
  seg doctor

All commands, and one command's flags and examples:
  seg --help
  seg test --help
`;
