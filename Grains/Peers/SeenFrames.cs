namespace OrleansDDM.Grains.Peers;

/// <summary>
/// Which frames of another peer have come, so that each is delivered once: a repeated one would pass for a sign of life of a peer that is gone.
/// Senders number their frames to a peer from 1 on in every term. A frame may be overtaken by up to <see cref="Reach"/> − 1 later ones.
/// </summary>
internal sealed class SeenFrames
{
    /// <summary>How far behind the newest frame one may be and surely still be told from a repeated one.</summary>
    public const int Reach = 128;

    // For every remainder by Reach, the highest number that has come: whatever comes is higher, or has come or is too late.
    private readonly long[] _numbers = new long[Reach];
    private long _term;

    /// <summary>Whether a frame is neither of a past term, nor repeated, nor too late.</summary>
    public bool IsNew(long term, long number) =>
        number >= 1 && (term > _term || (term == _term && term >= 1 && number > _numbers[number % Reach]));

    /// <summary>Takes note of a frame that is new.</summary>
    public void Take(long term, long number)
    {
        if (term > _term)
        {
            _term = term;
            Array.Clear(_numbers);
        }

        _numbers[number % Reach] = number;
    }
}
