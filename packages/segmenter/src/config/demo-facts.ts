/** The architecture of the demo model: MobileNetV2dilated and C1_deepsup, 150 classes. */
export const DEMO_ARCHITECTURE = "mobilenetv2dilated-c1_deepsup";

/** What the names of its two files end with: `encoder_epoch_1.safetensors`. */
export const DEMO_CHECKPOINT = "epoch_1.safetensors";

/** The short side that photos are brought to for it. It was trained at 208 to 352. */
export const DEMO_SIZE = 300;
