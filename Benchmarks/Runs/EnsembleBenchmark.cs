namespace OrleansDDM.Benchmarks.Runs;

/// <summary>Whole runs on a silo: four experts in flight, one thread a slot, against one monolith with a thread for every core.</summary>
internal static class EnsembleBenchmark
{
    private const int Rounds = 3;
    private const int Steps = 600;

    public static BenchmarkReport Run()
    {
        var report = new BenchmarkReport("run");
        int cores = Environment.ProcessorCount;
        var ensemble = new double[Rounds];
        var monolith = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            ensemble[round] = Rate(experts: 4, slots: cores, threads: 1);
            monolith[round] = Rate(experts: 1, slots: 1, threads: cores);
        }

        report.Add("experts-4/slots-of-one-thread", Figures.Median(ensemble), $"images/s in all ({ensemble.Min():0} to {ensemble.Max():0})");
        report.Add("monolith/one-slot-of-all-threads", Figures.Median(monolith), $"images/s ({monolith.Min():0} to {monolith.Max():0})");
        report.Ratios["run/experts-4-over-monolith"] = Figures.Median([.. ensemble.Zip(monolith, (a, b) => a / b)]);
        return report;
    }

    private static double Rate(int experts, int slots, int threads)
    {
        Specs.RunSpec spec = BenchmarkRun.Spec(experts, Steps);
        return BenchmarkRun.Images(spec) / BenchmarkRun.TrainAsync(spec, slots, threads).GetAwaiter().GetResult();
    }
}
