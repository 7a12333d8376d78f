using System.Diagnostics;

using TorchSharp;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>Whether memory stays flat over 10,000 training steps of each network: live tensors of the thread and resident memory after 1,000 and after 10,000.</summary>
internal static class MemoryBenchmark
{
    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("memory");
        Measure(report, StepModel.Dit(), batch: 8, prefix: "");
        Measure(report, StepModel.UNet(), batch: 2, prefix: "unet/");
        return report;
    }

    private static void Measure(BenchmarkReport report, StepModel model, int batch, string prefix)
    {
        using var arm = new TrainerArm(model, "float32", batch);
        double Resident(int steps)
        {
            arm.Run(1, steps);
            GC.Collect();
            using var process = Process.GetCurrentProcess();
            return process.WorkingSet64 / 1048576.0;
        }

        double early = Resident(1_000);
        long tensors = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        double late = Resident(9_000);
        report.Add(prefix + "resident/1000-steps", early, "MiB");
        report.Add(prefix + "resident/10000-steps", late, "MiB");
        report.Add(prefix + "tensors-left-by-9000-steps", DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount - tensors, "tensors");
        report.Ratios[$"memory/{prefix}1000-over-10000-steps"] = early / late;
    }
}
