/** What an encoder says of one of its feature maps. */
export interface FeatureInfo {
  /** Channels of the map. */
  channels: number;
  /** Pixels of the input for each pixel of the map, along one axis. */
  stride: number;
}
