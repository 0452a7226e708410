import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";

const yaml = readFileSync(new URL("../deploy/kubernetes.yaml", import.meta.url), "utf8");

describe("the Kubernetes example", () => {
  const documents = parseAllDocuments(yaml);
  const [deployment, service] = documents.map((document) => document.toJS() as Record<string, never>);
  const pod = (deployment as never as { spec: { template: { spec: never; metadata: { labels: object } } } }).spec
    .template;

  it("parses, as a Deployment and a Service that finds its pods", () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect([deployment, service]).toMatchObject([{ kind: "Deployment" }, { kind: "Service" }]);
    expect(pod.metadata.labels).toEqual((service as never as { spec: { selector: object } }).spec.selector);
  });

  it("probes the addresses that there are, and leaves time to finish", () => {
    const [container] = (pod.spec as { containers: Record<string, never>[] }).containers;
    expect(container).toMatchObject({
      startupProbe: { httpGet: { path: "/readyz", port: "http" } },
      readinessProbe: { httpGet: { path: "/readyz", port: "http" } },
      livenessProbe: { httpGet: { path: "/healthz", port: "http" } },
      resources: { limits: { cpu: "2", memory: "4Gi" }, requests: { cpu: "2", memory: "2Gi" } },
    });
    const { args } = container as unknown as { args: string[] };
    const grace = Number(args[args.indexOf("--grace") + 1]);
    expect((pod.spec as { terminationGracePeriodSeconds: number }).terminationGracePeriodSeconds).toBeGreaterThan(
      grace + 5,
    );
  });
});
