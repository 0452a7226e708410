import { describeReplicas } from "./describe-replicas.ts";

describeReplicas("threads");
