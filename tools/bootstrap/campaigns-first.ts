import { BaseSequencer, type TestSpecification } from "vitest/node";

/** vitest's own order, but campaigns, which take minutes each, before all else: one that begins last keeps a core waiting. */
export class CampaignsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isCampaign = ({ moduleId }: TestSpecification) => /\.campaign\.test\.ts$/.test(moduleId);
    const sorted = await super.sort(files);
    return [...sorted.filter(isCampaign), ...sorted.filter((file) => !isCampaign(file))];
  }
}
