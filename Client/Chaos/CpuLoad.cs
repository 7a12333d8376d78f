namespace OrleansDDM.Client.Chaos;

/// <summary>Keeps every core of the machine busy, twice over, at normal priority, until it is disposed.</summary>
internal sealed class CpuLoad : IDisposable
{
    private volatile bool _stop;

    /// <summary>Starts.</summary>
    public CpuLoad()
    {
        for (int i = 0; i < 2 * Environment.ProcessorCount; i++)
        {
            new Thread(Burn) { IsBackground = true, Name = "load" }.Start();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stop = true;

    private void Burn()
    {
        for (double x = 1; !_stop; x = Math.Sqrt(x + 1))
        {
        }
    }
}
