using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Placement;

namespace OrleansDDM.Grains;

/// <summary>The part of <see cref="RunGrain"/> that waits for devices.</summary>
internal sealed partial class RunGrain
{
    // Role to what it waits for.
    private readonly SortedDictionary<string, string> _unplaced = new(StringComparer.Ordinal);

    /// <summary>Whether a model has, or can be given, the device that it needs; says once what it waits for.</summary>
    private bool HasDevice(string role, DeviceNeeds needs)
    {
        ModelStatus? live = _live.GetValueOrDefault(role);
        if (fleet.Fitting(needs).Count > 0 || (live is { Phase: ModelPhase.Training } && silos.Active().Any(s => s.Name == live.Silo)))
        {
            _unplaced.Remove(role);
            return true;
        }

        string missing = needs.ToString();
        if (!options.Value.WaitForData)
        {
            BeginSettling(RunPhase.Faulted, $"{role} needs {missing} (training.device, training.deviceMemory), and there is no such device here. Publish with -p:TorchBackend=cuda on a machine with a card, or set training.device to any.");
        }
        else if (_unplaced.GetValueOrDefault(role) != missing)
        {
            bool news = !_unplaced.ContainsValue(missing);
            _unplaced[role] = missing;
            if (news)
            {
                LogUnplaced(_name, missing);
                _events.SendTelemetry(new RunEvent { Message = $"Waiting for {missing}" });
            }
        }

        return false;
    }

    /// <summary>The devices that models wait for; null = none.</summary>
    private string? WaitingForDevice() =>
        State.Phase == RunPhase.Training && _unplaced.Count > 0 ? string.Join(", and ", _unplaced.Values.Distinct()) : null;

    [LoggerMessage(EventId = 1040, Level = LogLevel.Warning, Message = "Run {Name} waits for {Device}")]
    private partial void LogUnplaced(string name, string device);
}
