using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>One evaluation of DiT and U-Net without gradient, as sampling does it many times: the fused form against the module.</summary>
internal static class PredictBenchmark
{
    private const int Rounds = 5;

    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("predict");
        set_num_threads(1);
        foreach (StepModel model in new[] { StepModel.Dit(), StepModel.UNet(16) })
        {
            Compare(model, report);
        }

        return report;
    }

    private static void Compare(StepModel model, BenchmarkReport report)
    {
        using Network network = model.Build();
        using ModelVector vector = ModelVector.Adopt(network);
        using IDisposable noGrad = no_grad();
        using (Tensor weights = tensor(model.Weights))
        {
            vector.Values.copy_(weights);
        }

        using IFusedNetwork? fused = FusedNetworks.TryCreate(network, vector, StepModel.Batch, 1);
        if (fused is null)
        {
            Console.WriteLine("This processor has no 512-bit vectors, so there is no fused form.");
            return;
        }

        fused.Load();
        foreach (int batch in new[] { 1, 16, 128 })
        {
            var output = new float[batch * StepModel.Shape.Size];
            float[] input = model.Input[..output.Length];
            float[] time = model.Time[..batch];
            double FusedOnce()
            {
                fused.Predict(input, time, [], output);
                return 0;
            }

            double ModuleOnce()
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor x = tensor(input, [batch, StepModel.Shape.Channels, StepModel.Shape.Height, StepModel.Shape.Width]);
                network.forward(x, tensor(time), null).data<float>().CopyTo(output);
                return 0;
            }

            int repeats = 2048 / batch;
            var rates = new (double Fused, double Module)[Rounds];
            FusedOnce();
            ModuleOnce();
            for (int round = 0; round < Rounds; round++)
            {
                rates[round] = (repeats * batch / StepTiming.Of(repeats, FusedOnce).Cpu, repeats * batch / StepTiming.Of(repeats, ModuleOnce).Cpu);
            }

            string name = $"{model.Name}/batch-{batch}";
            report.Add($"{name}/fused", rates.Select(r => r.Fused).Order().ElementAt(Rounds / 2), "images/s of one thread");
            report.Add($"{name}/module", rates.Select(r => r.Module).Order().ElementAt(Rounds / 2), "images/s of one thread");
            report.Ratios[$"predict/{name}/fused-over-module"] = rates.Select(r => r.Fused / r.Module).Order().ElementAt(Rounds / 2);
        }
    }
}
