using System.Text.Json;

using OrleansDDM.Benchmarks;
using OrleansDDM.Benchmarks.Islands;
using OrleansDDM.Benchmarks.Runs;
using OrleansDDM.Benchmarks.Sampling;
using OrleansDDM.Benchmarks.Steps;

// dotnet run --project Benchmarks -c Release -- NAME [--only MODEL] [--json FILE]
string? only = Option("--only");
string? file = Option("--json");
var benchmarks = new Dictionary<string, Func<BenchmarkReport>>
{
    ["step"] = () => StepBenchmark.Run(only),
    ["predict"] = PredictBenchmark.Run,
    ["memory"] = MemoryBenchmark.Run,
    ["run"] = EnsembleBenchmark.Run,
    ["grain"] = GrainBenchmark.Run,
    ["sampling"] = SamplingBenchmark.Run,
    ["precision"] = PrecisionBenchmark.Run,
    ["islands"] = IslandsBenchmark.Run,
    ["peers"] = PeersBenchmark.Run,
};
int options = (only is null ? 0 : 2) + (file is null ? 0 : 2);
bool valid = args.Length == 1 + options && (only is null || (args[0] == "step" && StepModel.Names.Contains(only)));
if (!valid || !benchmarks.TryGetValue(args[0], out Func<BenchmarkReport>? run))
{
    Console.Error.WriteLine($"usage: Benchmarks NAME [--only MODEL] [--json FILE]; NAME is one of {string.Join(", ", benchmarks.Keys)}; --only is for step: {string.Join(" or ", StepModel.Names)}");
    return 2;
}

BenchmarkReport report = run();
report.PrintRatios();
if (file is not null)
{
    File.WriteAllText(file, JsonSerializer.Serialize(report, BenchmarkReport.Json));
}

return 0;

string? Option(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 1 && at + 1 < args.Length ? args[at + 1] : null;
}
