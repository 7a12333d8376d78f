using OrleansDDM.Experiments.Compare;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Compare;

public sealed class CompareRunnerTests : IDisposable
{
    private readonly CompareFolder _folder = new(Path.Combine(Path.GetTempPath(), "compare-" + Guid.NewGuid().ToString("N")));

    public void Dispose()
    {
        if (Directory.Exists(_folder.Path))
        {
            Directory.Delete(_folder.Path, recursive: true);
        }
    }

    [Fact]
    public async Task Interrupted_comparison_goes_on_where_it_was()
    {
        ComparePlan plan = MadeUp.Plan();
        Assert.True(_folder.Freeze(plan, force: false));
        var broken = new FakeArms(failAt: 3);
        await Assert.ThrowsAsync<OperationCanceledException>(() => new CompareRunner(plan, _folder, broken).RunAsync(null, default));
        Assert.Equal(plan.Runs.Take(3).Select(r => r.Name), broken.Done);

        var again = new FakeArms();
        var runner = new CompareRunner(plan, _folder, again);
        Assert.Equal(plan.Runs.Count - 3, runner.Missing.Count);
        CompareFindings findings = await runner.RunAsync(null, default);
        Assert.Equal(plan.Runs.Skip(3).Select(r => r.Name), again.Done);

        var whole = new FakeArms();
        var other = new CompareFolder(Path.Combine(_folder.Path, "other"));
        Assert.True(other.Freeze(plan, force: false));
        Assert.Equal((await new CompareRunner(plan, other, whole).RunAsync(null, default)).ToJsonText(), findings.ToJsonText());
    }

    [Fact]
    public void Another_plan_is_refused_unless_forced()
    {
        ComparePlan plan = MadeUp.Plan();
        Assert.True(_folder.Freeze(plan, force: false));
        _folder.Write(plan.Runs[0], Measure(plan, plan.Runs[0]));
        ComparePlan other = MadeUp.Plan(seeds: [3]);
        Assert.False(_folder.Freeze(other, force: false));
        Assert.NotNull(_folder.Read(plan, plan.Runs[0]));
        Assert.True(_folder.Freeze(other, force: true));
        Assert.Equal(other.Hash, _folder.PlanHash());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Arms));
    }

    [Fact]
    public void A_measurement_of_another_plan_or_a_torn_one_does_not_count()
    {
        ComparePlan plan = MadeUp.Plan();
        Assert.True(_folder.Freeze(plan, force: false));
        CompareRun run = plan.Runs[0];
        _folder.Write(run, Measure(plan, run) with { PlanHash = "other" });
        Assert.Null(_folder.Read(plan, run));
        _folder.Write(run, Measure(plan, run));
        Assert.Equal(Measure(plan, run).ToJson(), _folder.Read(plan, run)!.ToJson());
        string file = Path.Combine(_folder.ArmOf(run), "measurement.json");
        File.WriteAllText(file, File.ReadAllText(file)[..40]);
        Assert.Null(_folder.Read(plan, run));
    }

    [Fact]
    public void A_file_that_is_no_comparison_is_not_overwritten()
    {
        Directory.CreateDirectory(_folder.Path);
        File.WriteAllText(_folder.Result, "{}");
        Assert.Throws<InvalidDataException>(() => _folder.Freeze(MadeUp.Plan(), force: false));
    }

    [Fact]
    public async Task Plan_must_be_frozen_first() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => new CompareRunner(MadeUp.Plan(), _folder, new FakeArms()).RunAsync(null, default));

    private static ArmMeasurement Measure(ComparePlan plan, CompareRun run) =>
        MadeUp.Measure(plan, run, (arm, _) => arm.Length, arm => 1.0 / arm.Length);

    private sealed class FakeArms(int failAt = int.MaxValue) : IArmRunner
    {
        public List<string> Done { get; } = [];

        public Task<JudgeFacts> JudgeAsync(ComparePlan plan, IProgress<string>? progress, CancellationToken cancellation) => Task.FromResult(MadeUp.Judge);

        public Task<ArmMeasurement> RunAsync(ComparePlan plan, CompareRun run, IProgress<string>? progress, CancellationToken cancellation)
        {
            if (Done.Count == failAt)
            {
                throw new OperationCanceledException();
            }

            Done.Add(run.Name);
            return Task.FromResult(Measure(plan, run));
        }
    }
}
