using Microsoft.Extensions.Options;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Devices;

/// <summary>The slots of this silo: where all tensor work and all blocking file work of the grains runs.</summary>
internal sealed class SlotPool : IDisposable
{
    private readonly Slot[] _slots;
    private readonly ArtifactExchange _artifacts;
    private readonly ILearningRuntime _runtime;
    private readonly Lock _lock = new();

    public SlotPool(IOptions<DeviceOptions> options, ArtifactExchange artifacts, ILearningRuntime runtime, WorkWatch watch)
    {
        DeviceOptions o = options.Value;
        o.Validate();
        _artifacts = artifacts;
        _runtime = runtime;
        _slots = [.. Enumerable.Range(0, o.Slots).Select(i =>
            new Slot(i, () => runtime.EnterSlot(o.ThreadsPerSlot, o.DeviceOf(i)))
            {
                Device = o.DeviceOf(i),
                Watch = watch,
                Predictors = new PredictorCache(o.PredictorsPerSlot),
            })];
    }

    /// <summary>Runs work on the slot that has least to do, among equals on one that no training session is bound to.</summary>
    public Task<T> RunAsync<T>(Lane lane, Func<T> work, CancellationToken cancellation = default, TimeSpan? limit = null) =>
        _slots.MinBy(s => (s.Waiting, s.Sessions.Count, s.Opening))!.RunAsync(lane, work, cancellation, limit);

    /// <summary>
    /// Opens a training session on the slot with the least training to do, among equals on the one with the least work waiting. A session under the same key and a lower term is taken over: it
    /// is refused from now on and closed.
    /// </summary>
    /// <param name="key">Key of the model's grain.</param>
    /// <param name="cost">How much training it is; see <see cref="TrainingCost"/>.</param>
    /// <param name="takeTerm">Gives the activation its term, before anything is opened; handed the slot.</param>
    /// <param name="open">Opens the session; runs on the slot.</param>
    /// <param name="cancellation">Gives up while waiting for the slot.</param>
    /// <exception cref="StaleTermException">A newer activation has a session here.</exception>
    public async Task<TrainingLease> OpenAsync(
        string key, double cost, Func<Slot, Task<long>> takeTerm, Func<ITrainingSession> open, CancellationToken cancellation)
    {
        Slot slot;
        lock (_lock)
        {
            slot = _slots.MinBy(s => (s.Opening + s.Sessions.Values.Sum(l => l.Cost), s.Waiting))!;
            slot.Opening += cost;
        }

        try
        {
            long term = await takeTerm(slot);
            TakeOver(key, term);
            ITrainingSession session = await slot.RunAsync(Lane.Training, open, cancellation);
            var lease = new TrainingLease(key, term, cost, slot, session);
            try
            {
                TakeOver(key, term);
                slot.Sessions[key] = lease;
            }
            catch
            {
                await lease.DisposeAsync();
                throw;
            }

            return lease;
        }
        finally
        {
            lock (_lock)
            {
                slot.Opening -= cost;
            }
        }
    }

    /// <summary>Evaluates a trained model, on a slot that has it open if that one is not much busier than the others.</summary>
    public async Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation)
    {
        ModelReference model = request.Model;
        string key = $"{model.SpecHash}/{model.Role}/{model.Weights.Sha256}";
        Slot slot = _slots.MinBy(s => (2 * s.Waiting) + (s.Predictors!.Contains(key) ? 0 : 1))!;
        if (!slot.Predictors!.Contains(key))
        {
            // Not on the slot: its other work need not wait for the network.
            await _artifacts.FetchAsync(model.Weights, LimitOf(model), cancellation: cancellation);
        }

        return await slot.RunAsync(
            Lane.Sampling,
            () => slot.Predictors!.Get(key, () => Open(model)).Predict(
                request.Values, request.Batch, new Level(request.Time, request.Alpha, request.Sigma), request.Classes),
            cancellation);
    }

    /// <summary>What the slots are doing.</summary>
    public SlotStatus[] Status() =>
        [.. _slots.Select(s => new SlotStatus(s.Index, s.Waiting, [.. s.Sessions.Keys.Order(StringComparer.Ordinal)], s.Predictors!.Count, s.Device))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            slot.Dispose();
        }
    }

    private void TakeOver(string key, long term)
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Sessions.TryGetValue(key, out TrainingLease? old))
            {
                old.Revoke(term);
            }
        }
    }

    private static long LimitOf(ModelReference model) => ArtifactLimits.Of(SpecJson.Read(model.Spec), ModelRole.Parse(model.Role));

    private IPredictor Open(ModelReference model) =>
        _runtime.OpenPredictor(SpecJson.Read(model.Spec), ModelRole.Parse(model.Role), _artifacts.Read(model.Weights, LimitOf(model)));
}
