using System.Globalization;

using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Placement;

/// <summary>What a model asks of the device that it trains on.</summary>
/// <param name="Device"><c>training.device</c> of its run.</param>
/// <param name="Memory">Bytes of memory; 0 = any.</param>
/// <param name="IsEstimate">Whether the memory is estimated, and so is asked of cards only: what is left of the CPU's swaps.</param>
internal sealed record DeviceNeeds(string Device, long Memory, bool IsEstimate)
{
    private const string ContextKey = "ddm.device";
    private const double Gibibyte = 1L << 30;

    /// <summary>Nothing in particular.</summary>
    public static readonly DeviceNeeds None = new("any", 0, true);

    /// <summary>What a model of a run asks for.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">Which model of it.</param>
    /// <param name="data">Its data; null = not known yet, so that memory is not estimated.</param>
    public static DeviceNeeds Of(RunSpec spec, ModelRole role, DataSummary? data)
    {
        if (spec.Training.DeviceMemory > 0)
        {
            return new DeviceNeeds(spec.Training.Device, (long)(spec.Training.DeviceMemory * Gibibyte), IsEstimate: false);
        }

        if (data is null)
        {
            return new DeviceNeeds(spec.Training.Device, 0, IsEstimate: true);
        }

        var shape = new ModelShape(data.Channels, data.Height, data.Width, data.Classes);
        long memory = role.IsRouter
            ? ModelMemory.Training(spec.Router.Model, shape, spec.Router.Batch, spec.Experts.Count)
            : ModelMemory.Training(spec.Model, shape, DenoisingTask.BatchOf(spec));
        return new DeviceNeeds(spec.Training.Device, memory, IsEstimate: true);
    }

    /// <summary>The same from what a model is told at its start.</summary>
    public static DeviceNeeds Of(RunSpec spec, long memory) => new(spec.Training.Device, memory, spec.Training.DeviceMemory == 0);

    /// <summary>Whether a model may train there.</summary>
    /// <param name="facts">A silo's devices; null = not known, as of a silo that has just come.</param>
    public bool Fits(DeviceFacts? facts)
    {
        bool kind = Device is not (ComputeDevice.Cpu or ComputeDevice.Cuda) || facts?.Kind == Device;
        return kind && (facts is null or { Memory: 0 } || !Asks(facts) || facts.Memory >= Memory);
    }

    /// <summary>Whether it would rather train there than elsewhere.</summary>
    public bool Prefers(DeviceFacts? facts) => Device == "prefer-cuda" && facts?.Kind == ComputeDevice.Cuda;

    /// <summary>Whether that much memory is free there, as far as is known.</summary>
    /// <param name="facts">A silo's devices.</param>
    /// <param name="free">Bytes that are free; null = not known.</param>
    public bool FitsInto(DeviceFacts? facts, long? free) => free is null || facts is null || !Asks(facts) || free >= Memory;

    /// <summary>Tells them to the placement of the grain that this flow calls next.</summary>
    public void Hint() => RequestContext.Set(ContextKey, string.Create(CultureInfo.InvariantCulture, $"{Device} {Memory} {IsEstimate}"));

    /// <summary>Ends what <see cref="Hint"/> began: later calls of this flow are not about this model.</summary>
    public static void ClearHint() => RequestContext.Remove(ContextKey);

    /// <summary>What the caller has told; null = nothing.</summary>
    /// <param name="context">The request's context.</param>
    public static DeviceNeeds? From(IReadOnlyDictionary<string, object>? context) =>
        context is not null && context.TryGetValue(ContextKey, out object? value) && (value as string)?.Split(' ') is [var device, var memory, var estimate]
            && long.TryParse(memory, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes)
                ? new DeviceNeeds(device, bytes, estimate == bool.TrueString)
                : null;

    /// <summary>In words: <c>cuda with 8 GiB</c>.</summary>
    public override string ToString()
    {
        string kind = Device is ComputeDevice.Cpu or ComputeDevice.Cuda ? Device : "a device";
        return Memory == 0 || (IsEstimate && Device == ComputeDevice.Cpu) ? kind : string.Create(CultureInfo.InvariantCulture, $"{kind} with {Memory / Gibibyte:0.#} GiB");
    }

    private bool Asks(DeviceFacts facts) => Memory > 0 && (!IsEstimate || facts.Kind == ComputeDevice.Cuda);
}
