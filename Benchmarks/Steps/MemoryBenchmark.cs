using System.Diagnostics;

using TorchSharp;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>Whether memory stays flat over 10,000 training steps: live tensors of the thread and resident memory after 1,000 and after 10,000.</summary>
internal static class MemoryBenchmark
{
    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("memory");
        using var arm = new TrainerArm(StepModel.Dit(), "float32", batch: 8);
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
        report.Add("resident/1000-steps", early, "MiB");
        report.Add("resident/10000-steps", late, "MiB");
        report.Add("tensors-left-by-9000-steps", DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount - tensors, "tensors");
        report.Ratios["memory/1000-over-10000-steps"] = early / late;
        return report;
    }
}
