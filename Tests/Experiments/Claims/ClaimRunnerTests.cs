using System.Text.Json;

using OrleansDDM.Experiments.Claims;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>Records, gates and files of an experiment whose arms are made up.</summary>
public sealed class ClaimRunnerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ddm-claims-");
    private readonly ClaimContext _context = new(new DatasetCatalog([]));

    public void Dispose()
    {
        _context.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void What_was_measured_under_the_same_settings_is_not_run_again()
    {
        var experiment = new Fake(10);
        Run(experiment, 1, 2);
        Assert.Equal(4, experiment.Runs);
        Run(experiment, 1, 2, 3);
        Assert.Equal(6, experiment.Runs);
        var changed = new Fake(11);
        Run(changed, 1, 2, 3);
        Assert.Equal(6, changed.Runs);
    }

    [Fact]
    public void Interrupted_run_goes_on_where_it_was()
    {
        var experiment = new Fake(10);
        using var source = new CancellationTokenSource();
        experiment.OnRun = () =>
        {
            if (experiment.Runs == 3)
            {
                source.Cancel();
            }
        };
        var folder = new ClaimFolder(_folder.FullName, experiment.Name);
        Assert.Throws<OperationCanceledException>(() => new ClaimRunner(experiment, folder, _context).Run([1, 2], false, null, source.Token));
        Run(experiment, 1, 2);
        Assert.Equal(4, experiment.Runs);
    }

    [Fact]
    public void Damaged_record_is_measured_again()
    {
        var experiment = new Fake(10);
        Run(experiment, 1);
        File.WriteAllText(Directory.EnumerateFiles(_folder.FullName, "left-seed1.json", SearchOption.AllDirectories).Single(), "{ \"arm\":");
        Run(experiment, 1);
        Assert.Equal(3, experiment.Runs);
    }

    [Fact]
    public void Json_has_the_members_of_the_contract()
    {
        ClaimFindings findings = Run(new Fake(10), 1, 2, 3);
        using JsonDocument json = JsonDocument.Parse(findings.ToJsonText());
        JsonElement root = json.RootElement;
        Assert.Equal("fake", root.GetProperty("experiment").GetString());
        Assert.Equal([1, 2, 3], root.GetProperty("seeds").EnumerateArray().Select(s => s.GetInt32()));
        JsonElement gate = root.GetProperty("gates")[0];
        Assert.Equal(["id", "claim", "gate", "measured", "interval", "verdict"], gate.EnumerateObject().Select(p => p.Name));
        Assert.Equal("holds", gate.GetProperty("verdict").GetString());
        Assert.Equal("fails", root.GetProperty("gates")[1].GetProperty("verdict").GetString());
        Assert.NotEqual(0, root.GetProperty("controls").GetArrayLength());
    }

    [Fact]
    public void Interval_is_students_of_the_mean_and_missing_figures_fail()
    {
        // Values 11, 12, 13: mean 12, deviation 1, t(2, 0.975) = 4.302653.
        Gate gate = Run(new Fake(10), 1, 2, 3).Gates[0];
        Assert.Equal(12 - (4.302653 / Math.Sqrt(3)), gate.Interval![0], 1e-5);
        Assert.Equal(12 + (4.302653 / Math.Sqrt(3)), gate.Interval[1], 1e-5);
        Assert.Null(Run(new Fake(10), 1).Gates[0].Interval);
        Gate missing = Run(new Fake(double.NaN), 1, 2).Gates[0];
        Assert.Equal(Gate.Fails, missing.Verdict);
        Assert.Null(missing.Interval);
    }

    [Fact]
    public void Ratio_of_means_has_a_jackknife_interval_and_an_empty_denominator_none()
    {
        // Ratio 12 / 6; leaving one seed out gives 9/4, 8/4, 7/4, so the half width is t(2, 0.975) √(2/3 · 0.5).
        Gate gate = ClaimGates.RatioOfMeans("R", "", "", [3, 4, 5], [2, 2, 2], r => r >= 2);
        Assert.Equal(Gate.Holds, gate.Verdict);
        double half = 4.302653 * Math.Sqrt(2.0 / 3 * 0.125);
        Assert.Equal(2 - half, gate.Interval![0], 1e-5);
        Assert.Equal(2 + half, gate.Interval[1], 1e-5);
        Assert.Null(ClaimGates.RatioOfMeans("R", "", "", [3, 4], [1, -1], r => r >= 2).Interval);
    }

    [Fact]
    public void Geometric_mean_of_swapped_arms_is_the_reciprocal_and_missing_figures_fail()
    {
        // The mean of these ratios is 1.17, that of their reciprocals 0.94.
        double[] over = [1.52, 0.825], under = [1, 1];
        double ratio = double.NaN, swapped = double.NaN;
        Gate gate = ClaimGates.GeometricMean("R", "", "", over, under, r => (ratio = r) >= 1.1);
        Gate other = ClaimGates.GeometricMean("R", "", "", under, over, r => (swapped = r) <= 1 / 1.1);
        Assert.Equal(Math.Sqrt(1.52 * 0.825), ratio, 1e-12);
        Assert.Equal(1 / ratio, swapped, 1e-12);
        Assert.Equal(gate.Verdict, other.Verdict);
        Assert.Equal(1 / gate.Interval![0], other.Interval![1], 1e-12);
        Assert.Equal(1 / gate.Interval[1], other.Interval[0], 1e-12);
        Assert.Equal("1.12 (by seed 1.52, 0.825)", gate.Measured);

        Gate missing = ClaimGates.GeometricMean("R", "", "", [1, double.NaN], under, _ => true);
        Assert.Equal((Gate.Fails, null), (missing.Verdict, missing.Interval));
    }

    [Fact]
    public void Folder_gets_result_page_and_plots()
    {
        ClaimFindings findings = Run(new Fake(10), 1, 2);
        var folder = new ClaimFolder(_folder.FullName, "fake");
        folder.Write(findings);
        byte[] png = File.ReadAllBytes(folder.Stem + "-line.png");
        Assert.Equal("PNG"u8.ToArray(), png[1..4]);
        Assert.Contains("<svg", File.ReadAllText(folder.Stem + "-line.svg"), StringComparison.Ordinal);
        string page = File.ReadAllText(folder.Report);
        Assert.Contains("made up", page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        Assert.Contains("Line; mean over seeds.", page, StringComparison.Ordinal);
        Assert.Contains("First, seed 1.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("First; mean", page, StringComparison.Ordinal);
        string table = ClaimTable.Write(findings);
        Assert.Contains("| A | left is large | above 5 | 11.5 (by seed 11.0, 12.0) |", table, StringComparison.Ordinal);
        Assert.Contains("**fails**", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Logarithmic_chart_draws_logarithms_and_leaves_out_what_has_none()
    {
        var chart = new ClaimChart("c", "C", "x", "error", [("a", new ArmCurve([0, 1, 2, 3], [1, 0.01, 0, double.NaN])), ("b", new ArmCurve([0], [0]))], LogY: true);
        (string name, ArmCurve curve) = Assert.Single(chart.Drawn);
        Assert.Equal("a", name);
        Assert.Equal([0, 1], curve.X);
        Assert.Equal([0, -2], curve.Y);
        Assert.Equal("log10 of error", chart.YLabel);
    }

    private ClaimFindings Run(ClaimExperiment experiment, params ulong[] seeds) =>
        new ClaimRunner(experiment, new ClaimFolder(_folder.FullName, experiment.Name), _context).Run(seeds, false, null, CancellationToken.None);

    private sealed class Fake(double value) : ClaimExperiment
    {
        public int Runs { get; private set; }

        public Action? OnRun { get; set; }

        public override string Name => "fake";

        public override string Title => "A claim that is made up";

        public override string Paper => "Nobody, nowhere.";

        public override object Settings => new { value };

        public override IReadOnlyList<string> Arms => ["left", "right"];

        public override IReadOnlyList<ClaimColumn> Columns => [new("x", "x")];

        public override ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
        {
            Runs++;
            OnRun?.Invoke();
            return new ArmRecord
            {
                Values = { ["x"] = arm == "left" ? value + seed : 0 },
                Curves = { ["line"] = new ArmCurve([0, 1, 2], [0, seed, 2]) },
            };
        }

        public override IReadOnlyList<Gate> Gates(ClaimRecords records) =>
        [
            ClaimGates.Mean("A", "left is large", "above 5", records.Values("left", "x"), x => x > 5),
            ClaimGates.RatioOfMeans("B", "right is large", "above 1", records.Values("right", "x"), records.Values("left", "x"), x => x > 1),
        ];

        public override IReadOnlyList<Control> Controls(ClaimRecords records) => [new("none", "Nothing", "Nothing")];

        public override IReadOnlyList<ClaimChart> Charts(ClaimRecords records) =>
        [
            new("line", "Line", "x", "y", [("left", records.Mean("left", "line"))]),
            new("first", "First", "x", "y", [("left", records.Of("left", records.Seeds[0]).Curves["line"])], Seed: records.Seeds[0]),
        ];
    }
}
