using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Benchmarks.Steps;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>D-SGD in plain PyTorch, in a process of its own that is driven line by line.</summary>
internal sealed class DsgdScript : IDisposable
{
    private readonly Process _process;

    private DsgdScript(Process process, string version) => (_process, Version) = (process, version);

    /// <summary>Version of PyTorch.</summary>
    public string Version { get; }

    /// <summary>Starts the script; null where there is no PyTorch.</summary>
    public static DsgdScript? TryStart(string data)
    {
        if (PyTorchArm.Python() is not { } python)
        {
            return null;
        }

        string script = Path.Combine(AppContext.BaseDirectory, "pytorch", "dsgd.py");
        Process process = Process.Start(new ProcessStartInfo(python, [script, data]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        return new DsgdScript(process, Answer(process).GetProperty("version").GetString()!);
    }

    /// <summary>Trains from the initial weights on one thread: processor seconds of the training loop, and mean accuracy.</summary>
    public (double Cpu, double Accuracy) Run()
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"1 {RingProblem.Steps} {RingProblem.Batch}"));
        _process.StandardInput.Flush();
        JsonElement answer = Answer(_process);
        return (answer.GetProperty("cpu").GetDouble(), answer.GetProperty("accuracy").GetDouble());
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
