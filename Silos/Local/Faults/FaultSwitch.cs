using System.Text.Json;

namespace OrleansDDM.Silos.Local.Faults;

/// <summary>
/// The faults that a silo plays, read from <c>NAME.json</c> in a folder, again and again: whoever writes the file switches them on and off.
/// </summary>
public sealed class FaultSwitch : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly CancellationTokenSource _stop = new();
    private readonly string _file;
    private TaskCompletionSource _healed = Healed();
    private FaultPlan _plan = new();

    /// <summary>Reads the file of a silo, and goes on looking at it.</summary>
    public FaultSwitch(string folder, string silo)
    {
        _file = PathOf(folder, silo);
        Read();
        _ = Task.Run(LookAsync);
    }

    /// <summary>A switch that only <see cref="Set"/> turns, for tests.</summary>
    public FaultSwitch() => _file = string.Empty;

    /// <summary>The faults now.</summary>
    public FaultPlan Plan => Volatile.Read(ref _plan);

    /// <summary>Writes the faults of a silo so that it never reads half of them.</summary>
    public static void Write(string folder, string silo, FaultPlan plan)
    {
        Directory.CreateDirectory(folder);
        string path = PathOf(folder, silo);
        File.WriteAllBytes(path + ".tmp", JsonSerializer.SerializeToUtf8Bytes(plan, Json));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    /// <summary>Changes the faults.</summary>
    public void Set(FaultPlan plan)
    {
        if (plan.Cut && !Plan.Cut)
        {
            Volatile.Write(ref _healed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        Volatile.Write(ref _plan, plan);
        if (!plan.Cut)
        {
            Volatile.Read(ref _healed).TrySetResult();
        }
    }

    /// <summary>Returns when the silo is not cut off.</summary>
    /// <exception cref="OperationCanceledException">The waiting was given up.</exception>
    public Task WhenConnectedAsync(CancellationToken cancellation) =>
        Plan.Cut ? Volatile.Read(ref _healed).Task.WaitAsync(cancellation) : Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        Volatile.Read(ref _healed).TrySetResult();
    }

    private static TaskCompletionSource Healed()
    {
        var healed = new TaskCompletionSource();
        healed.SetResult();
        return healed;
    }

    private static string PathOf(string folder, string silo) => Path.Combine(folder, silo + ".json");

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(Period);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Read();
            }
        }
        catch (OperationCanceledException)
        {
            // The silo goes.
        }
    }

    private void Read()
    {
        try
        {
            FaultPlan plan = File.Exists(_file) ? JsonSerializer.Deserialize<FaultPlan>(File.ReadAllBytes(_file), Json) ?? new FaultPlan() : new FaultPlan();
            if (plan != Plan)
            {
                Set(plan);
            }
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            // Between two of its versions; the next look sees it.
        }
    }
}
