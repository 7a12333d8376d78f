using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Learning.Diffusion;

using Xunit;

namespace OrleansDDM.Tests.Learning.Sampling;

public class SamplingLoopTests
{
    private static readonly ulong[] Ids = [3, 1, 4, 15, 9, 2, 6, 5];

    public static TheoryData<string, double, string> Cases => new()
    {
        { "euler", 0, "full" },
        { "heun", 0, "sample-2" },
        { "ddim", 0.6, "top-2" },
        { "ddim", 1, "sample-1" },
        { "dpmpp-2m", 0, "sticky-prior" },
        { "dpmpp-2m", 0, "nucleus-0.9" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task State_stored_at_any_evaluation_goes_on_bit_for_bit(string scheduler, double eta, string rule)
    {
        SamplingLoop<double> loop = Loop(scheduler, eta, rule);
        var stored = new List<byte[]>();
        SamplingResult<double> whole = await loop.RunAsync(Begin(loop, Ids), observer: step =>
        {
            stored.Add(SolverStateJson.Write(step.Next));
            return ValueTask.CompletedTask;
        });
        Assert.Equal(scheduler == "heun" ? 13 : 7, stored.Count);
        foreach (byte[] json in stored)
        {
            SamplingResult<double> rest = await Loop(scheduler, eta, rule).RunAsync(SolverStateJson.Read<double>(json));
            Assert.Equal(whole.X["x"].Values, rest.X["x"].Values);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Batch_of_8_is_8_singles_bit_for_bit(string scheduler, double eta, string rule)
    {
        SamplingLoop<double> loop = Loop(scheduler, eta, rule);
        SamplingResult<double> batch = await loop.RunAsync(Begin(loop, Ids));
        for (int i = 0; i < Ids.Length; i++)
        {
            SamplingResult<double> single = await loop.RunAsync(Begin(loop, [Ids[i]]));
            Assert.Equal(batch.X.Select([i])["x"].Values, single.X["x"].Values);
        }
    }

    [Fact]
    public async Task Interleaved_requests_are_as_sequential_ones()
    {
        SamplingLoop<double> loop = Loop("dpmpp-2m", 0, "top-2");
        SamplingResult<double> a = await loop.RunAsync(Begin(loop, [1, 2]));
        SamplingResult<double> b = await loop.RunAsync(Begin(loop, [7, 8, 9]));

        // Each request waits for the other after every evaluation.
        using var first = new SemaphoreSlim(1);
        using var second = new SemaphoreSlim(0);
        var order = new List<int>();
        Task<SamplingResult<double>> Run(int name, ulong[] ids, SemaphoreSlim mine, SemaphoreSlim other) => Task.Run(async () =>
        {
            await mine.WaitAsync(TimeSpan.FromSeconds(30));
            return await loop.RunAsync(Begin(loop, ids), observer: async _ =>
            {
                order.Add(name);
                other.Release();
                if (order.Count < 14)
                {
                    await mine.WaitAsync(TimeSpan.FromSeconds(30));
                }
            });
        });
        SamplingResult<double>[] both = await Task.WhenAll(Run(1, [1, 2], first, second), Run(2, [7, 8, 9], second, first));
        Assert.Equal(Enumerable.Range(0, 14).Select(i => 1 + (i % 2)), order);
        Assert.Equal(a.X["x"].Values, both[0].X["x"].Values);
        Assert.Equal(b.X["x"].Values, both[1].X["x"].Values);
    }

    [Fact]
    public async Task Float_sampling_follows_double_sampling()
    {
        var ensemble = new AnalyticEnsemble();
        var contract = new ExpertContract(NoiseSchedules.VpCosine, Parameterization.V);
        GaussianMixtureExpert<float>[] experts = [.. ensemble.Parts.Select(p => new GaussianMixtureExpert<float>(p, contract))];
        var floats = new SamplingLoop<float>(
            Schedulers.Create<float>(new SamplingSpec { Scheduler = "dpmpp-2m" }),
            new EnsembleDenoiser<float>(new EvidenceRouter<float>(experts, ensemble.Priors), experts, MixingRules.Parse("full")));
        SolverState<float> start = floats.Begin(TimeGrids.Build("linear", 20, NoiseSchedules.Flow), [2], 5, Ids);
        SolverState<double> same = Schedulers.Create<double>(new SamplingSpec { Scheduler = "dpmpp-2m" }).Begin(
            State<double>.Of([8, 2], [.. start.X["x"].Values.Select(v => (double)v)]), start.Grid, 5, Ids);
        float[] x = (await floats.RunAsync(start)).X["x"].Values;
        double[] y = (await Loop("dpmpp-2m", 0, "full").RunAsync(same)).X["x"].Values;
        Assert.All(x.Zip(y), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, 1e-3));
    }

    [Fact]
    public async Task Sticky_prior_samples_the_whole_distribution_and_top_1_does_not()
    {
        GaussianMixtureExpert<double>[] experts =
            [.. new[] { 0, 1, 2 }.Select(c => new GaussianMixtureExpert<double>(QuantileMap.Data.Subset([c]), new(NoiseSchedules.Flow, Parameterization.Flow)))];
        double[] priors = [.3, .4, .3];
        var router = new EvidenceRouter<double>(experts, priors);
        const int N = 1500;
        foreach ((string rule, bool exact) in new[] { ("sticky-prior", true), ("full", true), ("sample-1", true), ("top-1", false) })
        {
            var loop = new SamplingLoop<double>(
                Schedulers.Create<double>(new SamplingSpec { Scheduler = "euler" }),
                new EnsembleDenoiser<double>(router, experts, MixingRules.Parse(rule, priors)));
            ulong[] ids = [.. Enumerable.Range(0, N).Select(i => (ulong)i)];
            SamplingResult<double> result = await loop.RunAsync(loop.Begin(TimeGrids.Build("linear", 60, NoiseSchedules.Flow), [1], 2, ids));
            double[] sorted = [.. result.X["x"].Values.Order()];
            double distance = sorted.Select((x, i) => Math.Abs(QuantileMap.Cdf(x, NoiseSchedules.Flow.At(0)) - ((i + .5) / N))).Max();

            // 0.1 % point of Kolmogorov and Smirnov's statistic, and room for the bias of 60 Euler steps.
            Assert.True(exact == distance < (1.95 / Math.Sqrt(N)) + 0.01, $"{rule}: {distance}");
        }
    }

    [Fact]
    public async Task Expert_that_fails_on_the_way_is_reported_and_not_asked_again()
    {
        StubExpert[] experts = [new(1), new(-1)];
        var loop = new SamplingLoop<double>(
            Schedulers.Create<double>(new SamplingSpec()),
            new EnsembleDenoiser<double>(new StubRouter([.5, .5]), experts, MixingRules.Parse("full"), new EnsembleOptions { TolerateFailures = true }));
        SolverState<double> start = loop.Begin(TimeGrids.Build("linear", 6, NoiseSchedules.Flow), [2], 1, [0]);
        SamplingResult<double> result = await loop.RunAsync(start, observer: step =>
        {
            experts[1].Failure = step.Index == 2 ? new ExpertUnavailableException("down") : experts[1].Failure;
            return ValueTask.CompletedTask;
        });
        Assert.Equal([1], result.Failed);
        Assert.Equal(6, result.Reports.Count);
        Assert.Equal(4, experts[1].Batches.Count); // three answers and the failure
        Assert.Equal([1, 1], result.X["x"].Values);
        Assert.Equal([.5], result.Reports[5].Dead);

        SamplingResult<double> other = await loop.RunAsync(start, new SamplingRequest { Alive = [true, false] });
        Assert.Empty(other.Failed);
        Assert.Equal(4, experts[1].Batches.Count);
    }

    [Fact]
    public async Task Cancellation_stops_between_evaluations()
    {
        SamplingLoop<double> loop = Loop("euler", 0, "full");
        using var source = new CancellationTokenSource();
        SolverState<double>? last = null;
        await Assert.ThrowsAsync<OperationCanceledException>(() => loop.RunAsync(Begin(loop, Ids), observer: step =>
        {
            last = step.Next;
            if (step.Index == 3)
            {
                source.Cancel();
            }

            return ValueTask.CompletedTask;
        }, cancellation: source.Token));
        Assert.Equal(4, last!.Index);
        Assert.Equal((await loop.RunAsync(Begin(loop, Ids))).X["x"].Values, (await loop.RunAsync(last)).X["x"].Values);
    }

    [Fact]
    public void Initial_noise_has_the_scale_of_the_schedule()
    {
        ulong[] ids = [.. Enumerable.Range(0, 2000).Select(i => (ulong)i)];
        foreach ((string id, double sigma) in new[] { ("flow", 1d), ("vp-cosine", 1), ("edm", 80) })
        {
            State<float> x = SamplingNoise.Initial<float>([1, 4, 4], NoiseSchedules.Parse(id).At(1), 1, ids);
            Assert.Equal([2000, 1, 4, 4], x["x"].Shape);
            Assert.InRange(Math.Sqrt(x["x"].Values.Average(v => (double)v * v)) / sigma, .98, 1.02);
        }
    }

    [Fact]
    public void Stored_states_that_make_no_sense_are_refused()
    {
        SamplingLoop<double> loop = Loop("euler", 0, "full");
        byte[] json = SolverStateJson.Write(Begin(loop, Ids));
        Assert.Contains("Double", Assert.Throws<InvalidDataException>(() => SolverStateJson.Read<float>(json)).Message, StringComparison.Ordinal);
        for (int length = 0; length < json.Length; length += 37)
        {
            Assert.Throws<InvalidDataException>(() => SolverStateJson.Read<double>(json.AsSpan(0, length)));
        }

        string text = System.Text.Encoding.UTF8.GetString(json);
        foreach ((string from, string to) in new[] { ("\"index\":0", "\"index\":99"), ("\"stage\":0", "\"stage\":5"), ("[8,2]", "[8,3]"), ("\"index\":0,", string.Empty) })
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            byte[] broken = System.Text.Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
            Assert.Throws<InvalidDataException>(() => SolverStateJson.Read<double>(broken));
        }
    }

    private static SamplingLoop<double> Loop(string scheduler, double eta, string rule) =>
        new(Schedulers.Create<double>(new SamplingSpec { Scheduler = scheduler, Eta = eta }), new AnalyticEnsemble().With(rule));

    private static SolverState<double> Begin(SamplingLoop<double> loop, ulong[] ids) =>
        loop.Begin(TimeGrids.Build("linear", 7, NoiseSchedules.Flow), [2], 42, ids);
}
