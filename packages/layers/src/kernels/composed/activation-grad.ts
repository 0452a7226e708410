import { ActivationGrad } from "../names.ts";
import { composedKernel } from "./kernel.ts";

export const activationGradConfig = composedKernel(ActivationGrad, ({ dy, y }, attrs) => {
  const open = attrs.activation === "relu" ? y!.greater(0) : y!.greater(0).logicalAnd(y!.less(6));
  return dy!.mul(open.toFloat());
});
