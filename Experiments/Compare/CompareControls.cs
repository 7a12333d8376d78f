using OrleansDDM.Experiments.Reports;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The controls of a comparison.</summary>
internal static class CompareControls
{
    public static IReadOnlyList<Control> Of(CompareFindings findings)
    {
        IReadOnlyList<CompareArm> arms = findings.Plan.Arms;
        return
        [
            new Control(
                "floor",
                $"The Fréchet distance of {FiguresOf.FloorImages(findings.Judge, findings.Plan.Metric.Samples)}: what a perfect sampler would get",
                FiguresOf.Floor(findings.Judge) + (findings.Judge.FloorDeviation > 0 ? " over draws" : "")),
            new Control(
                "overfitting",
                "Test loss minus train loss of full: experts see fewer images each, and may learn them by heart",
                string.Join("; ", arms.Select(a => $"{a.Name} {FiguresOf.Seeds(findings.Over(a.Name, m => m.TestLoss - m.TrainLoss))}"))),
            .. arms.Where(a => a.Kind == ArmKind.RandomEnsemble).Select(a => new Control(
                "random clusters, K=" + a.Clusters,
                "Experts on random parts of the data, at the same budget",
                string.Join("; ", a.Rules.Select(r => $"{r} FD {FiguresOf.Seeds(findings.Distance(a.Name, r))}")))),
            .. arms.Where(a => a.Kind == ArmKind.ConditionalMonolith).Select(a => new Control(
                "told monolith, K=" + a.Clusters,
                "One network that is told the cluster, sampled with k ~ p(k), at the same budget",
                $"FD {FiguresOf.Seeds(findings.Distance(a.Name, CompareRules.Conditional))}; its loss uses the label: {FiguresOf.Seeds(findings.Over(a.Name, m => m.TestLoss))}")),
            new Control(
                "budget",
                "Training FLOPs of experts and router over those of the monolith: the monolith never has less",
                string.Join("; ", arms.Where(a => a.Rival is not null).Select(a =>
                    $"{a.Name} {Figures.Number(Flops(findings, a) / Flops(findings, arms.First(r => r.Name == a.Rival)), 5)}"))),
            .. arms.Any(a => a.Rules.Contains(CompareRules.Top1)) ? new[] { Sampling(findings) } : [],
        ];
    }

    private static Control Sampling(CompareFindings findings) => new(
        "sampling cost",
        "FLOPs of a sample under top-1, router counted, over those of the monolith, which takes more solver steps for it: the monolith never has less",
        string.Join("; ", findings.Plan.Arms.Where(a => a.Rules.Contains(CompareRules.Top1)).Select(a =>
            $"{a.Name} {Figures.Number(Sampling(findings, a.Name, CompareRules.Top1) / Sampling(findings, a.Rival!, CompareRules.Full), 5)}")));

    private static double Sampling(CompareFindings findings, string arm, string rule) =>
        findings.Over(arm, m => m.Rules.First(r => r.Rule == rule).SamplingFlops).Mean;

    private static double Flops(CompareFindings findings, CompareArm arm) => TrainingFlops.Of(arm.Spec, findings.Plan.Shape).Total;
}
