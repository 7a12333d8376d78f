using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Metrics;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>What several sections say about a mixing rule's results.</summary>
internal static class RuleFacts
{
    /// <summary>The rule with the smallest Fréchet distance among those that a user can sample with: not the oracle, which uses labels.</summary>
    public static RuleResult? Best(EvaluationResult evaluation) => evaluation.Rules
        .Where(r => !r.UsesLabels && r.Samples is not null && double.IsFinite(r.Samples.FrechetDistance))
        .MinBy(r => r.Samples!.FrechetDistance);

    /// <summary>Whether there was anything to be best among.</summary>
    public static bool HasChoice(EvaluationResult evaluation) => evaluation.Rules.Count(r => !r.UsesLabels && r.Samples is not null) > 1;

    /// <summary>Why a rule has no held-out loss.</summary>
    public static string LossReason(RuleResult rule) =>
        rule.Rule.StartsWith("sample-", StringComparison.Ordinal) || rule.Rule == "sticky-prior"
            ? "a rule that draws experts at random predicts no posterior mean, so it has no loss to compare"
            : "not measured (evaluation.lossImages is 0, or there are no test images)";

    /// <summary>The counts that a Fréchet distance depends on.</summary>
    public static string Counts(SampleReport samples) =>
        $"{Figures.Count(samples.Samples)} samples against {Figures.Count(samples.TrainingImages)} training images";

    /// <summary>What the floor is.</summary>
    public static string Floor(SampleReport samples) =>
        $"{Figures.Count(samples.FrechetFloorImages)} real test images against the same training images";
}
