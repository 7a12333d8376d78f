using OrleansDDM.Learning.Devices;

namespace OrleansDDM.Learning.Training;

/// <summary>A training session that keeps something of its silo, such as the run's data, while it is open.</summary>
internal sealed class HoldingSession(ITrainingSession session, IDisposable hold) : ITrainingSession
{
    /// <inheritdoc/>
    public int Step => session.Step;

    /// <inheritdoc/>
    public int Steps => session.Steps;

    /// <inheritdoc/>
    public IReadOnlyList<MetricRow> History => session.History;

    /// <inheritdoc/>
    public SliceReport Train(TimeSpan budget, CancellationToken cancellation)
    {
        try
        {
            return session.Train(budget, cancellation);
        }
        catch (Exception e) when (DeviceMemoryException.IsCause(e))
        {
            throw new DeviceMemoryException($"The device is out of memory at step {session.Step}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public byte[] SaveCheckpoint() => session.SaveCheckpoint();

    /// <inheritdoc/>
    public byte[] SaveWeights() => session.SaveWeights();

    /// <inheritdoc/>
    public void Dispose()
    {
        session.Dispose();
        hold.Dispose();
    }
}
