using OrleansDDM.Experiments.Claims;
using OrleansDDM.Experiments.Claims.Dfedsam;
using OrleansDDM.Experiments.Claims.Disaster;
using OrleansDDM.Experiments.Claims.Modest;
using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Experiments.Claims.Variance;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>The experiments in small, on drawn shapes. Gates that are exact or far from their bound must come out as on real data.</summary>
public sealed class ClaimExperimentTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ddm-claims-");
    private readonly ClaimContext _context = new(new DatasetCatalog([]), 2);

    public void Dispose()
    {
        _context.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Variance_is_lost_by_plain_averaging_and_kept_by_the_correction()
    {
        ClaimFindings findings = Run(new VarianceExperiment(new VarianceSettings { Data = Plan(8), Pairs = Plan(8), Rounds = 30, Every = 10, Target = 0.1, HighTarget = 0.15 }));
        Assert.Equal(Gate.Holds, Verdict(findings, "C1/variance-plain"));
        Assert.Equal(Gate.Holds, Verdict(findings, "C1/variance-corrected"));
        Assert.Contains(findings.Controls, c => c.Id == "common seed");
    }

    [Fact]
    public void Modest_is_FedAvg_on_equal_samples_and_outlives_crashes_that_stall_it_without_timeouts()
    {
        var settings = new ModestSettings
        {
            Iid = Plan(40),
            Skewed = Plan(40) with { Alpha = 0.3 },
            SampleSize = 6,
            Degree = 4,
            IidTarget = 0.2,
            SkewedTarget = 0.2,
            IidRoundsTarget = 0.2,
            SkewedRoundsTarget = 0.2,
            MostRounds = 60,
            CrashFrom = 10,
            CrashEvery = 2,
            CrashPeers = 4,
            Crashes = 8,
            RoundsAfter = 110,
            Joiners = 3,
            MatchRounds = 6,
        };
        ClaimFindings findings = Run(new ModestExperiment(settings));
        Assert.Equal(0, findings.Records.Of("match", 1)["largestDifference"], 1e-6);
        Assert.Equal(6, findings.Records.Of("match", 1)["roundsCompared"]);
        Assert.Equal(Gate.Holds, Verdict(findings, "C5/rounds"));
        Assert.Equal(Gate.Holds, Verdict(findings, "C5/view"));
        Assert.Equal(Gate.Holds, Verdict(findings, "C5/join"));
        Assert.Equal(1, findings.Records.Of("crash-no-timeouts", 1)["stalled"]);
        Assert.Equal(0, findings.Records.Of("crash", 1)["stalled"]);

        // 40 peers, one model each a round, against 6 up and 6 down.
        double perRound = Bytes("iid-dsgd-exponential") / Bytes("iid-modest-a1");
        Assert.InRange(perRound, 40.0 / 12 * 0.7, 40.0 / 12 * 1.3);

        double Bytes(string arm) => findings.Records.Of(arm, 1)["megabytes"] / findings.Records.Of(arm, 1).Curves["transfers"].X.Length;
    }

    [Fact]
    public void Removed_hubs_leave_fragments_and_relays_none()
    {
        var settings = new DisasterSettings { Data = Plan(20) with { ImagesPerPeer = 20 }, Rounds = 10, Late = 5 };
        ClaimFindings findings = Run(new DisasterExperiment(settings));
        Assert.Equal(20, findings.Records.Of("hubs-data-only", 1)["largestComponent"]);
        Assert.True(findings.Records.Of("hubs", 1)["largestComponent"] < 16);
        Assert.Equal(findings.Records.Of("none", 1)["accuracy"], findings.Records.Of("none", 1)["accuracy/none"], 1e-12);
    }

    [Fact]
    public void Survivors_are_compared_with_the_same_peers_isolated()
    {
        // All but one peer are removed: the one that is left has nobody to learn from, as in isolation.
        var settings = new DisasterSettings { Data = Plan(20) with { ImagesPerPeer = 20 }, Rounds = 10, Late = 5, Share = 0.96 };
        ClaimFindings findings = Run(new DisasterExperiment(settings));
        ArmRecord hubs = findings.Records.Of("hubs", 1), isolated = findings.Records.Of("isolated", 1);
        Assert.Equal(1, hubs["survivors"]);
        Assert.Equal(hubs["accuracy"], isolated["accuracy/hubs"], 1e-12);
        Assert.NotEqual(hubs["accuracy"], isolated["accuracy"], 1e-12);
        Assert.Equal(isolated["accuracy"], isolated["accuracy/none"], 1e-12);
        Assert.StartsWith("0 ", findings.Gates.Single(g => g.Id == "C6/robust").Measured, StringComparison.Ordinal);
    }

    [Fact]
    public void More_gossip_steps_bring_local_models_together_at_more_traffic()
    {
        var settings = new DfedsamSettings
        {
            Clean = Plan(10) with { Alpha = 0.3, ImagesPerPeer = 20 },
            Noisy = Plan(8) with { Alpha = 0.3, ImagesPerPeer = 20, LabelNoise = 0.3 },
            NoisyIid = Plan(8) with { ImagesPerPeer = 20, LabelNoise = 0.3 },
            Steps = 8,
            CleanRounds = 8,
            NoisyRounds = 4,
        };
        ClaimFindings findings = Run(new DfedsamExperiment(settings));
        ArmRecord one = findings.Records.Of("clean-plain-q1", 1), more = findings.Records.Of("clean-plain-mgs", 1);
        Assert.True(one["consensus"] > 2 * more["consensus"]);
        Assert.Equal(4 * one["exchanges"], more["exchanges"]);
        Assert.Equal(more["exchanges"], findings.Records.Of("clean-plain-q1-short-rounds", 1)["exchanges"]);
        Assert.Equal(2 * one["gradients"], findings.Records.Of("clean-sam-q1", 1)["gradients"]);
    }

    [Fact]
    public void Unknown_experiment_is_refused_with_the_known_ones()
    {
        SpecException e = Assert.Throws<SpecException>(() => ClaimCatalog.Create("variants", "shapes", false));
        Assert.Contains("variance", e.Message, StringComparison.Ordinal);
        Assert.All(ClaimCatalog.Names, name => Assert.Equal(name, ClaimCatalog.Create(name, "shapes", true).Name));
    }

    private static PeerDataPlan Plan(int peers) => new() { Data = "shapes", Peers = peers, Images = 1200, TestImages = 200 };

    private static string Verdict(ClaimFindings findings, string gate) => findings.Gates.Single(g => g.Id == gate).Verdict;

    private ClaimFindings Run(ClaimExperiment experiment)
    {
        ClaimFindings findings = new ClaimRunner(experiment, new ClaimFolder(_folder.FullName, experiment.Name), _context).Run([1], false, null, CancellationToken.None);
        Captions.Check(findings, oneSeed: experiment is ModestExperiment);
        return findings;
    }
}
