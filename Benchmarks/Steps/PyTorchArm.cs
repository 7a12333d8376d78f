using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>PyTorch in a process of its own, driven line by line so that its rounds interleave with ours.</summary>
public sealed class PyTorchArm : IStepArm
{
    private readonly Process _process;

    private PyTorchArm(Process process, string version) => (_process, Version) = (process, version);

    /// <inheritdoc/>
    public string Name => "pytorch";

    /// <summary>Version of PyTorch.</summary>
    public string Version { get; }

    /// <summary>Starts the script; null, with a line that says why, where no Python with PyTorch is found.</summary>
    public static PyTorchArm? TryStart(StepModel model, string folder)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Python() is not { } python)
        {
            return null;
        }

        (string weights, string batch) = model.Save(folder);
        string script = Path.Combine(AppContext.BaseDirectory, "pytorch", "step.py");
        Process process = Process.Start(new ProcessStartInfo(python, [script, model.Name, weights, batch])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string version = JsonDocument.Parse(Line(process)).RootElement.GetProperty("version").GetString()!;
        process.StandardInput.WriteLine("reset");
        return new PyTorchArm(process, version);
    }

    /// <inheritdoc/>
    public StepTiming Run(int threads, int steps)
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{threads} {steps}"));
        _process.StandardInput.Flush();
        JsonElement answer = JsonDocument.Parse(Line(_process)).RootElement;
        return new StepTiming(
            answer.GetProperty("wall").GetDouble(),
            answer.GetProperty("cpu").GetDouble(),
            [.. answer.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble())]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>A Python that has PyTorch; null, with a line that says why, where there is none.</summary>
    internal static string? Python()
    {
        string? python = new[] { "/usr/bin/python3", "python3" }.FirstOrDefault(HasTorch);
        if (python is null)
        {
            Console.WriteLine("PyTorch is left out: neither /usr/bin/python3 nor python3 can import torch (Debian: python3-torch and libopenblas0-pthread).");
        }

        return python;
    }

    private static string Line(Process process) =>
        process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("step.py ended early; its error is above.");

    private static bool HasTorch(string python)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(python, ["-c", "import torch"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
