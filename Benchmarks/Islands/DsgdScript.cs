using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Benchmarks.Steps;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>D-SGD in plain PyTorch, in a process of its own that is driven line by line.</summary>
internal sealed class DsgdScript : IDisposable
{
    private readonly Process _process;

    private DsgdScript(Process process, JsonElement ready) =>
        (_process, Version, LoadSeconds) = (process, ready.GetProperty("version").GetString()!, ready.GetProperty("cpu").GetDouble());

    /// <summary>Version of PyTorch.</summary>
    public string Version { get; }

    /// <summary>Processor seconds of its process until PyTorch and the data were there.</summary>
    public double LoadSeconds { get; }

    /// <summary>Starts the script; null where there is no PyTorch.</summary>
    public static DsgdScript? TryStart(string data)
    {
        if (PyTorchArm.Python() is not { } python)
        {
            return null;
        }

        string script = Path.Combine(AppContext.BaseDirectory, "pytorch", "dsgd.py");
        Process process = Process.Start(new ProcessStartInfo(python, [script, data]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        return new DsgdScript(process, Answer(process));
    }

    /// <summary>Trains from the initial weights on one thread.</summary>
    public RingTraining Run()
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"1 {RingProblem.Steps} {RingProblem.Batch}"));
        _process.StandardInput.Flush();
        JsonElement answer = Answer(_process);
        return new RingTraining(answer.GetProperty("making").GetDouble(), answer.GetProperty("cpu").GetDouble(), answer.GetProperty("accuracy").GetDouble());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static JsonElement Answer(Process process) => JsonDocument.Parse(
        process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("dsgd.py ended early; its error is above.")).RootElement;
}
