using System.Text.Json;

using OrleansDDM.Benchmarks;
using OrleansDDM.Benchmarks.Runs;
using OrleansDDM.Benchmarks.Sampling;
using OrleansDDM.Benchmarks.Steps;

// dotnet run --project Benchmarks -c Release -- NAME [--json FILE]
var benchmarks = new Dictionary<string, Func<BenchmarkReport>>
{
    ["step"] = StepBenchmark.Run,
    ["predict"] = PredictBenchmark.Run,
    ["memory"] = MemoryBenchmark.Run,
    ["run"] = EnsembleBenchmark.Run,
    ["grain"] = GrainBenchmark.Run,
    ["sampling"] = SamplingBenchmark.Run,
    ["precision"] = PrecisionBenchmark.Run,
};
bool valid = args is [_] or [_, "--json", _];
if (!valid || !benchmarks.TryGetValue(args[0], out Func<BenchmarkReport>? run))
{
    Console.Error.WriteLine($"usage: Benchmarks NAME [--json FILE]; NAME is one of {string.Join(", ", benchmarks.Keys)}");
    return 2;
}

BenchmarkReport report = run();
report.PrintRatios();
if (args is [_, _, var file])
{
    File.WriteAllText(file, JsonSerializer.Serialize(report, BenchmarkReport.Json));
}

return 0;
