using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class SamplerTests : SiloTest
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run());
    }

    [Theory]
    [InlineData("euler")]
    [InlineData("heun")]
    public async Task Progress_counts_the_steps_and_the_last_one_has_the_samples(string scheduler)
    {
        List<SampleProgress> progress = await SampleAsync(Request with { Scheduler = scheduler });
        Assert.Equal(Enumerable.Range(1, 5), progress.Select(p => p.Step));
        Assert.All(progress, p => Assert.Equal((5, p.Step == 5), (p.Steps, p.Result is not null)));
        SampleResult result = progress[^1].Result!;
        Assert.Equal([3, 1, 2, 2], result.Shape);
        Assert.Equal(12, result.Values.Length);
        Assert.Equal((5, 5), (result.ExpertUse.Length, result.DroppedMass.Length));
        int evaluations = scheduler == "heun" ? 9 : 5;
        Assert.Equal((evaluations, evaluations * 2L * 3), (result.Evaluations, result.ExpertEvaluations));
        Assert.All(result.ExpertUse, use => Assert.Equal([0.5, 0.5], use));
        Assert.All(result.DroppedMass, m => Assert.Equal(0, m));
    }

    [Fact]
    public async Task Experts_are_mixed_by_the_routers_weights()
    {
        // Expert k predicts the velocity x - k, so the even mix predicts x - 1/2, and Euler multiplies x - 1/2 by (1 - 1/5) in each step.
        float[] mixed = (await SampleAsync(Request with { Scheduler = "euler" }))[^1].Result!.Values;
        float[] first = (await SampleAsync(Request with { Scheduler = "euler", Mixing = "top-1" }))[^1].Result!.Values;
        float decay = MathF.Pow(0.8f, 5);
        for (int i = 0; i < mixed.Length; i++)
        {
            Assert.Equal(0.5f * (1 - decay), mixed[i] - first[i], 1e-4f);
        }
    }

    [Fact]
    public async Task Same_request_gives_the_same_samples_in_any_batch()
    {
        float[] all = (await SampleAsync(Request))[^1].Result!.Values;
        float[] again = (await SampleAsync(Request))[^1].Result!.Values;
        float[] last = (await SampleAsync(Request with { Count = 1, FirstSample = 2 }))[^1].Result!.Values;
        float[] other = (await SampleAsync(Request with { Seed = 8 }))[^1].Result!.Values;
        Assert.Equal(all, again);
        Assert.Equal(all[8..], last);
        Assert.NotEqual(all, other);
    }

    [Fact]
    public async Task Large_request_goes_through_in_chunks()
    {
        float[] large = (await SampleAsync(Request with { Count = 600, Mixing = "full" }))[^1].Result!.Values;
        float[] late = (await SampleAsync(Request with { Count = 1, FirstSample = 599, Mixing = "full" }))[^1].Result!.Values;
        Assert.Equal(late, large[^4..]);
    }

    [Fact]
    public async Task Request_out_of_range_is_refused_by_name()
    {
        await RefusedAsync(null!, "names no run");
        await RefusedAsync(Request with { Run = null! }, "names no run");
        await RefusedAsync(Request with { Run = string.Empty }, "names no run");
        await RefusedAsync(Request with { Count = 0 }, "count");
        await RefusedAsync(Request with { Count = 1_000_000 }, "4096");
        await RefusedAsync(Request with { Steps = 0 }, "sampling.steps");
        await RefusedAsync(Request with { Scheduler = "magic" }, "sampling.scheduler");
        await RefusedAsync(Request with { Mixing = "top-9" }, "mixing.rule");
        await RefusedAsync(Request with { Mixing = "oracle" }, "oracle");
        await RefusedAsync(Request with { Class = 3 }, "0 to 2");
        await RefusedAsync(Request with { FirstSample = -1 }, "firstSample");
    }

    [Fact]
    public async Task Unknown_and_unfinished_runs_are_refused()
    {
        await Assert.ThrowsAsync<RunNotFoundException>(() => SampleAsync(Request with { Run = "none" }));
        HoldAt(0);
        await Run("held").SubmitAsync(SpecJson.Write(Spec("held")));
        await Assert.ThrowsAsync<RunNotReadyException>(() => SampleAsync(Request with { Run = "held" }));
    }

    [Fact]
    public async Task Missing_weights_are_told_as_such()
    {
        foreach (string sha in (await Run().GetStatusAsync()).Models.Select(m => m.Weights!.Sha256))
        {
            File.Delete(Folder.File($"artifacts/{sha[..2]}/{sha}"));
        }

        ArtifactException e = await Assert.ThrowsAsync<ArtifactException>(() => SampleAsync(Request));
        Assert.Contains("missing", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sampling_shares_the_slots_with_training()
    {
        HoldAt(18);
        await Run("busy").SubmitAsync(SpecJson.Write(Spec("busy")));
        await WatchAsync(Run("busy"), until: e => e.Kind == RunEventKind.Checkpoint);
        Assert.Equal(5, (await SampleAsync(Request)).Count);
        Assert.Equal(RunPhase.Training, (await Run("busy").GetStatusAsync()).Phase);
    }

    private static SampleRequest Request => new() { Run = "r", Count = 3, Seed = 7, Steps = 5 };

    private async Task RefusedAsync(SampleRequest request, string word)
    {
        BadRequestException e = await Assert.ThrowsAsync<BadRequestException>(() => SampleAsync(request));
        Assert.Contains(word, e.Message, StringComparison.Ordinal);
    }

    private async Task<List<SampleProgress>> SampleAsync(SampleRequest request)
    {
        using var late = new CancellationTokenSource(Patience);
        var progress = new List<SampleProgress>();
        ISamplerGrain sampler = Silo.Client.GetGrain<ISamplerGrain>(GrainKeys.Sample(Guid.NewGuid().ToString("N")));
        await foreach (SampleProgress p in sampler.SampleAsync(request).WithCancellation(late.Token))
        {
            progress.Add(p);
        }

        return progress;
    }
}
