using System.Diagnostics;
using System.Globalization;
using System.Text;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>The built client as a process of its own. It is killed when it takes too long and when the test is done with it.</summary>
internal sealed class DdmProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);
    private static readonly string Client = Path.Combine(AppContext.BaseDirectory, "ddm.dll");
    private static readonly string Silo = Path.Combine(AppContext.BaseDirectory, "OrleansDDM.Silos.dll");

    private readonly CancellationTokenSource _late = new(Limit);
    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly Task<string> _output;
    private readonly Task _reading;
    private readonly string _command;

    private DdmProcess(Process process, string command)
    {
        _process = process;
        _command = command;
        _output = process.StandardOutput.ReadToEndAsync();
        _reading = ReadErrorAsync();
    }

    /// <summary>What it has written to stderr so far.</summary>
    public string Error
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts <c>ddm</c> in a folder.</summary>
    public static DdmProcess Start(string folder, params IEnumerable<string> arguments) => StartProgram(Client, folder, arguments, []);

    /// <summary>Runs <c>ddm</c> with more environment to its end and asserts the exit code.</summary>
    public static async Task<DdmResult> ExpectAsync(int exitCode, string folder, IEnumerable<KeyValuePair<string, string>> environment, params IEnumerable<string> arguments)
    {
        using DdmProcess process = StartProgram(Client, folder, arguments, environment);
        return await process.EndAsync(exitCode);
    }

    /// <summary>Starts the silo program in a folder.</summary>
    public static DdmProcess StartSilo(string folder, params IEnumerable<string> arguments) => StartProgram(Silo, folder, arguments, []);

    private static DdmProcess StartProgram(string program, string folder, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        // Where the tests run in the background of a shell, SIGINT is ignored, and what is ignored is inherited.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", program, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string name in (string[])["CI", "NO_COLOR", "DDM_DATA"])
        {
            start.Environment.Remove(name);
        }

        start.Environment["TERM"] = "xterm-256color";
        start.Environment["HOME"] = folder;

        // Idle native threads spin, which starves the other processes of a test run.
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return new DdmProcess(Process.Start(start)!, string.Join(' ', arguments));
    }

    /// <summary>Runs <c>ddm</c> to its end.</summary>
    public static async Task<DdmResult> RunAsync(string folder, params IEnumerable<string> arguments)
    {
        using DdmProcess process = Start(folder, arguments);
        return await process.EndAsync();
    }

    /// <summary>Runs <c>ddm</c> to its end and asserts the exit code.</summary>
    public static async Task<DdmResult> ExpectAsync(int exitCode, string folder, params IEnumerable<string> arguments)
    {
        DdmResult result = await RunAsync(folder, arguments);
        Assert.True(result.ExitCode == exitCode, $"ddm {string.Join(' ', arguments)}: expected {exitCode}, got {result}");
        return result;
    }

    /// <summary>Waits for its end.</summary>
    public async Task<DdmResult> EndAsync()
    {
        try
        {
            await _process.WaitForExitAsync(_late.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"ddm {_command} has not ended. stderr:\n{Error}");
        }

        await _reading;
        return new DdmResult(_process.ExitCode, await _output, Error);
    }

    /// <summary>Waits for its end and asserts the exit code.</summary>
    public async Task<DdmResult> EndAsync(int exitCode)
    {
        DdmResult result = await EndAsync();
        Assert.True(result.ExitCode == exitCode, $"ddm {_command}: expected {exitCode}, got {result}");
        return result;
    }

    /// <summary>Waits until something holds; returns false if the process ends before.</summary>
    public async Task<bool> UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            if (_process.HasExited)
            {
                return holds();
            }

            Assert.False(_late.IsCancellationRequested, $"ddm {_command} has not come as far as expected. stderr:\n{Error}");
            await Task.Delay(10);
        }

        return true;
    }

    /// <summary>Waits until a text has appeared on stderr; returns false if the process ends before.</summary>
    public Task<bool> UntilSaidAsync(string text) => UntilAsync(() => Error.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits, but not beyond its end.</summary>
    public Task ForAsync(TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        return UntilAsync(() => clock.Elapsed >= time);
    }

    /// <summary>Sends a signal, e.g. <c>INT</c>.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>As kill -9. Returns whether it was still running.</summary>
    public async Task<bool> KillAsync()
    {
        _process.Kill();
        return (await EndAsync()).ExitCode == 128 + 9;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _late.Dispose();
    }

    private async Task ReadErrorAsync()
    {
        var buffer = new char[4096];
        int read;
        while ((read = await _process.StandardError.ReadAsync(buffer)) > 0)
        {
            lock (_error)
            {
                _error.Append(buffer, 0, read);
            }
        }
    }
}
