using OrleansDDM.Experiments.Claims;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>What stands below the charts of an experiment.</summary>
internal static class Captions
{
    /// <summary>A caption names one seed, or says that it shows means over seeds.</summary>
    internal static void Check(ClaimFindings findings, bool oneSeed)
    {
        Assert.NotEmpty(findings.Charts);
        Assert.All(findings.Charts, chart =>
        {
            bool seed = chart.Caption.Contains("seed ", StringComparison.Ordinal), mean = chart.Caption.Contains("mean over seeds", StringComparison.Ordinal);
            Assert.Equal((oneSeed, !oneSeed), (seed, mean));
            Assert.Equal(seed, chart.Heading.Contains("seed ", StringComparison.Ordinal));
        });
    }
}
