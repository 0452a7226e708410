/** A rectangle: rows from `top` up to `bottom`, columns from `left` up to `right`. */
export interface Block {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}
