using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace OrleansDDM.Benchmarks;

/// <summary>What a benchmark measured. Printing happens as it is added; the ratios come last, one line each.</summary>
public sealed class BenchmarkReport(string benchmark)
{
    /// <summary>Camel case, indented.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Name of the benchmark.</summary>
    public string Benchmark { get; } = benchmark;

    /// <summary>Machine and versions.</summary>
    public Dictionary<string, string> Environment { get; } = new()
    {
        ["processor"] = Processor(),
        ["cores"] = System.Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["system"] = RuntimeInformation.OSDescription,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["torchSharp"] = typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(),
        ["libtorch"] = TorchSharp.torch.__version__,
    };

    /// <summary>All figures by name.</summary>
    public Dictionary<string, double> Figures { get; } = [];

    /// <summary>All comparisons by name; above 1 is better for us.</summary>
    public Dictionary<string, double> Ratios { get; } = [];

    /// <summary>Prints and keeps a figure.</summary>
    public void Add(string name, double value, string unit)
    {
        Figures[name] = value;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-48} {value,12:0.####} {unit}"));
    }

    /// <summary>Prints one line <c>NAME ratio VALUE</c> per comparison.</summary>
    public void PrintRatios()
    {
        foreach ((string name, double ratio) in Ratios)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} ratio {ratio:0.###}"));
        }
    }

    private static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        string? line = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
