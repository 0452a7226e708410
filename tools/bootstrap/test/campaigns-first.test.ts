import { expect, it, onTestFinished, vi } from "vitest";
import { BaseSequencer, type TestSpecification, type Vitest } from "vitest/node";
import { CampaignsFirst } from "../campaigns-first.ts";

it("begins with campaigns, and ends with what shares processes, project by project", async () => {
  const own = vi.spyOn(BaseSequencer.prototype, "sort").mockImplementation(async (files) => files);
  onTestFinished(() => own.mockRestore());
  const project = (isolate: boolean) => ({ config: { isolate } });
  const [alone, shared, other] = [project(true), project(false), project(false)];
  const files = [
    { project: shared, moduleId: "/shared/a.test.ts" },
    { project: alone, moduleId: "/alone/a.test.ts" },
    { project: other, moduleId: "/other/a.test.ts" },
    { project: shared, moduleId: "/shared/b.campaign.test.ts" },
    { project: shared, moduleId: "/shared/c.test.ts" },
    { project: alone, moduleId: "/alone/b.test.ts" },
    { project: alone, moduleId: "/alone/c.campaign.test.ts" },
  ];
  const sorted = await new CampaignsFirst({} as Vitest).sort(files as unknown as TestSpecification[]);
  expect(sorted.map(({ moduleId }) => moduleId)).toEqual([
    "/shared/b.campaign.test.ts",
    "/alone/c.campaign.test.ts",
    "/alone/a.test.ts",
    "/alone/b.test.ts",
    "/shared/a.test.ts",
    "/shared/c.test.ts",
    "/other/a.test.ts",
  ]);
});
