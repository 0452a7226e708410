import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * vitest's own order, but campaigns, which take minutes each, before all else: one that begins last keeps a core waiting. Last come the files of
 * projects that share processes, project by project: a process is kept only if the next file is of its project.
 */
export class CampaignsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isCampaign = ({ moduleId }: TestSpecification) => /\.campaign\.test\.ts$/.test(moduleId);
    const sorted = await super.sort(files);
    const projects = Array.from(new Set(sorted.map(({ project }) => project)));
    /** Where a file comes: with those of the same place, in vitest's order. */
    const place = (file: TestSpecification) => {
      if (isCampaign(file)) return -2;
      return file.project.config.isolate ? -1 : projects.indexOf(file.project);
    };
    return sorted.sort((a, b) => place(a) - place(b));
  }
}
