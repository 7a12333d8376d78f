using System.Diagnostics;

using OrleansDDM.Benchmarks.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Sampling;

/// <summary>Images per second of an ensemble of four DiT experts under each mixing rule, on one thread, and what the solvers themselves cost.</summary>
internal static class SamplingBenchmark
{
    private const int Batch = 128;
    private const int Steps = 20;
    private const int Rounds = 3;
    private static readonly int[] Shape = [1, 28, 28];

    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("sampling");
        set_num_threads(1);
        ModelContents model = Untrained();
        using var ensemble = new LocalEnsemble(model);
        string[] rules = ["top-1", "top-2", "full", "sticky-prior"];
        var rates = rules.ToDictionary(rule => rule, _ => new double[Rounds]);
        var router = new SpreadRouter(ensemble.Router!);
        EnsembleDenoiser<float> Denoiser(string rule) => new(router, ensemble.Experts, MixingRules.Parse(rule, model.Priors));
        foreach (string rule in rules)
        {
            Seconds(Denoiser(rule), "dpmpp-2m", 2);
        }

        for (int round = 0; round < Rounds; round++)
        {
            foreach (string rule in rules)
            {
                rates[rule][round] = Batch / Seconds(Denoiser(rule), "dpmpp-2m", Steps);
            }
        }

        foreach (string rule in rules)
        {
            report.Add($"{rule}/dpmpp-2m-{Steps}-steps", Figures.Median(rates[rule]), "images/s of one thread");
            report.Ratios[$"sampling/{rule}-over-full"] = Figures.Median([.. rates[rule].Zip(rates["full"], (a, b) => a / b)]);
        }

        double step = Batch / Figures.Median(rates["top-1"]) / Steps;
        var contract = new ExpertContract(NoiseSchedules.Parse("flow"), Parameterizations.Parse("flow"));
        var free = new EnsembleDenoiser<float>(null, [new FreeExpert(contract)], MixingRules.Parse("full", [1.0]));
        foreach (string scheduler in new[] { "euler", "heun", "ddim", "dpmpp-2m" })
        {
            Seconds(free, scheduler, Steps);
            double own = Figures.Median([.. Enumerable.Range(0, 9).Select(_ => Seconds(free, scheduler, Steps))]) / Steps;
            report.Add($"{scheduler}/solver-and-loop", own * 1e6, $"µs a step of {Batch} images, {100 * own / step:0.0} % of a step under top-1");
        }

        return report;
    }

    // Speed does not depend on what the weights say, but for the router's; see SpreadRouter.
    private static ModelContents Untrained()
    {
        RunSpec spec = BenchmarkRun.Spec(experts: 4, steps: 1);
        var runtime = new LearningRuntime(DatasetCatalog.Default());
        PreparedData data = runtime.Prepare(spec, CancellationToken.None);
        byte[] Weights(ModelRole role)
        {
            using ITrainingSession session = runtime.OpenTraining(spec, role, null);
            return session.SaveWeights();
        }

        return new ModelContents
        {
            Spec = spec,
            Channels = Shape[0],
            Height = Shape[1],
            Width = Shape[2],
            Classes = data.Classes,
            Priors = [.. data.Priors],
            Experts = [.. Enumerable.Range(0, 4).Select(k => Weights(ModelRole.Expert(k)))],
            Router = Weights(ModelRole.Router),
        };
    }

    private static double Seconds(EnsembleDenoiser<float> denoiser, string scheduler, int steps)
    {
        var spec = new SamplingSpec { Scheduler = scheduler, Steps = steps };
        var loop = new SamplingLoop<float>(Schedulers.Create<float>(spec), denoiser);
        Level[] grid = TimeGrids.Build(spec, NoiseSchedules.Parse("flow"));
        SolverState<float> state = loop.Begin(grid, Shape, seed: 0, [.. Enumerable.Range(0, Batch).Select(i => (ulong)i)]);
        var clock = Stopwatch.StartNew();
        loop.RunAsync(state).GetAwaiter().GetResult();
        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>Costs what the router costs, and spreads the samples evenly: untrained, it is undecided, and all samples would ask the same experts.</summary>
    private sealed class SpreadRouter(IRouter<float> router) : IRouter<float>
    {
        private static readonly double[] Shares = [0.6, 0.25, 0.1, 0.05];

        public int Count => router.Count;

        public async ValueTask<double[]> WeightsAsync(State<float> x, Level level, Condition condition, CancellationToken cancellation = default)
        {
            double[] weights = await router.WeightsAsync(x, level, condition, cancellation);
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] = Shares[((i / Count) + i) % Shares.Length];
            }

            return weights;
        }
    }

    /// <summary>An expert that costs nothing: it predicts no flow.</summary>
    private sealed class FreeExpert(ExpertContract contract) : IExpert<float>
    {
        private readonly float[] _flow = new float[Batch * 784];

        public ExpertContract Contract => contract;

        public ValueTask<State<float>> PredictAsync(State<float> x, Level level, Condition condition, CancellationToken cancellation = default) =>
            ValueTask.FromResult(State<float>.Of(x["x"].Shape, _flow));
    }
}
