using OrleansDDM.Learning.Models;

namespace OrleansDDM.Learning.Classification;

/// <summary>Lays out the parameters of a classifier one after the other in a flat model.</summary>
internal sealed class ClassifierSegments
{
    private readonly List<Segment> _segments = [];

    /// <summary>The segments so far, without gaps.</summary>
    public IReadOnlyList<Segment> All => _segments;

    /// <summary>Elements so far.</summary>
    public int Length { get; private set; }

    /// <summary>Appends a parameter.</summary>
    /// <param name="name">Dotted name.</param>
    /// <param name="role">What it is.</param>
    /// <param name="shape">Its shape.</param>
    /// <returns>The same layout.</returns>
    public ClassifierSegments Add(string name, SegmentRole role, params long[] shape)
    {
        var segment = new Segment(name, shape, Length, role, []);
        _segments.Add(segment);
        Length = checked(Length + (int)segment.Length);
        return this;
    }
}
