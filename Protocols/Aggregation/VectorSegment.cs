namespace OrleansDDM.Protocols.Aggregation;

/// <summary>A layer's tensor within a flat model.</summary>
/// <param name="Offset">First element.</param>
/// <param name="Length">Number of elements.</param>
/// <param name="Corrected">Whether variance correction applies: weights yes; biases and norm parameters no (notes to arXiv 2404.04616's code).</param>
public readonly record struct VectorSegment(int Offset, int Length, bool Corrected = true);
