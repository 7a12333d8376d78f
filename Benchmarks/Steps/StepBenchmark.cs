using System.Globalization;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>
/// One training step, ours against plain TorchSharp and PyTorch, in rounds in which every arm takes its turn. On one thread rates are per
/// processor second, which other work on the machine disturbs little; on two threads they are per second of the clock.
/// </summary>
internal static class StepBenchmark
{
    private const int Rounds = 5;
    private const double RoundSeconds = 1.5;

    // only: the name of the one model to time; null times both.
    public static BenchmarkReport Run(string? only)
    {
        var report = new BenchmarkReport("step");
        string folder = Directory.CreateTempSubdirectory("ddm-step-").FullName;
        try
        {
            foreach (string name in StepModel.Names.Where(name => only is null || name == only))
            {
                Compare(StepModel.Of(name), folder, report);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return report;
    }

    private static void Compare(StepModel model, string folder, BenchmarkReport report)
    {
        var arms = new List<IStepArm> { new TrainerArm(model, "float32"), new TrainerArm(model, "bfloat16"), new TorchSharpArm(model) };
        if (PyTorchArm.TryStart(model, folder) is { } pytorch)
        {
            report.Environment["pytorch"] = pytorch.Version;
            arms.Add(pytorch);
        }

        try
        {
            FirstLosses(model, arms, report);
            foreach (int threads in new[] { 1, 2 })
            {
                Rate(model, arms, threads, report);
            }
        }
        finally
        {
            arms.ForEach(arm => arm.Dispose());
        }
    }

    // All arms start from the same weights and see the same batch, so this is a test of equal work.
    private static void FirstLosses(StepModel model, List<IStepArm> arms, BenchmarkReport report)
    {
        double[] expected = [];
        foreach (IStepArm arm in arms)
        {
            double[] losses = [.. arm.Run(1, 3).Losses];
            expected = expected.Length == 0 ? losses : expected;
            double difference = losses.Zip(expected, (a, b) => Math.Abs(a - b) / b).Max();
            string text = string.Join(' ', losses.Select(loss => loss.ToString("0.0000000", CultureInfo.InvariantCulture)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model.Name} {arm.Name}: first losses {text}, relative difference {difference:0.0e+0}"));
            report.Figures[$"{model.Name}/{arm.Name}/first-losses-difference"] = difference;
        }
    }

    private static void Rate(StepModel model, List<IStepArm> arms, int threads, BenchmarkReport report)
    {
        int[] steps = [.. arms.Select(arm => Math.Max(1, (int)(RoundSeconds / arm.Run(threads, 2).Wall * 2)))];
        double[][] rates = [.. arms.Select(_ => new double[Rounds])];
        var products = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            products[round] = MatrixProductRate(threads);
            for (int i = 0; i < arms.Count; i++)
            {
                StepTiming timing = arms[i].Run(threads, steps[i]);
                rates[i][round] = steps[i] * StepModel.Batch / (threads == 1 ? timing.Cpu : timing.Wall);
            }
        }

        string prefix = $"{model.Name}/{threads}-thread";
        double product = Figures.Median(products);
        report.Add($"{prefix}/torch-matmul", product, "GFLOP/s");
        for (int i = 0; i < arms.Count; i++)
        {
            double rate = Figures.Median(rates[i]);
            double flops = rate * 3 * model.ForwardFlops / 1e9;
            report.Add($"{prefix}/{arms[i].Name}", rate, string.Create(
                CultureInfo.InvariantCulture,
                $"images/s ({rates[i].Min():0} to {rates[i].Max():0}), {flops:0.0} GFLOP/s, {flops / product:0.00} of torch-matmul"));
            report.Figures[$"{prefix}/{arms[i].Name}/of-torch-matmul"] = flops / product;
        }

        foreach (int mine in new[] { 0, 1 })
        {
            for (int other = 2; other < arms.Count; other++)
            {
                double[] paired = [.. Enumerable.Range(0, Rounds).Select(round => rates[mine][round] / rates[other][round])];
                report.Ratios[$"step/{prefix}/{arms[mine].Name}-over-{arms[other].Name}"] = Figures.Median(paired);
            }
        }
    }

    private static double MatrixProductRate(int threads)
    {
        const int Size = 1024;
        const int Repeats = 20;
        set_num_threads(threads);
        using Tensor a = ones(Size, Size);
        using Tensor b = ones(Size, Size);
        StepTiming timing = StepTiming.Of(Repeats, () =>
        {
            using Tensor c = matmul(a, b);
            return 0;
        });
        return 2.0 * Size * Size * Size * Repeats / (threads == 1 ? timing.Cpu : timing.Wall) / 1e9;
    }
}
