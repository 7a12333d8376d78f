namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Multi-head attention of the tokens of one image among themselves (Vaswani et al. 2017): for each head P = softmax(Q K^T / sqrt(d_h)),
/// O = P V. Rows of P are padded to whole vectors.
/// </summary>
internal sealed unsafe class FusedAttention
{
    private readonly int _tokens;
    private readonly int _width;
    private readonly int _heads;
    private readonly int _size;
    private readonly float _scale;
    private readonly float* _transposed;
    private readonly float* _gradient;

    /// <summary>Attention of <paramref name="tokens"/> tokens of <paramref name="width"/> values in <paramref name="heads"/> heads.</summary>
    public FusedAttention(int tokens, int width, int heads, NativeArena arena)
    {
        (_tokens, _width, _heads, _size) = (tokens, width, heads, width / heads);
        _scale = 1 / MathF.Sqrt(_size);
        Padded = (tokens + 15) / 16 * 16;
        _transposed = arena.Allocate((long)_size * Padded);
        _gradient = arena.Allocate((long)tokens * Padded);
    }

    /// <summary>Distance of the rows of P.</summary>
    public int Padded { get; }

    /// <summary>Values that the probabilities of one image take: (heads, T, padded).</summary>
    public int ProbabilityCount => _heads * _tokens * Padded;

    /// <summary>Writes P and O.</summary>
    /// <param name="qkv">(T, 3 d): queries, keys and values side by side, heads side by side within each.</param>
    /// <param name="probabilities">P, (heads, T, padded).</param>
    /// <param name="attended">O, (T, d).</param>
    public void Forward(float* qkv, float* probabilities, float* attended)
    {
        int row = 3 * _width;
        for (int head = 0; head < _heads; head++)
        {
            float* q = qkv + head * _size;
            float* k = q + _width;
            float* v = k + _width;
            float* p = probabilities + head * _tokens * Padded;
            FusedLinear.Transpose(k, row, _tokens, _size, _transposed, Padded);
            MatrixProduct.Multiply(_tokens, Padded, _size, q, row, 1, _transposed, Padded, null, 0, p, Padded);
            RowKernels.Softmax(p, _tokens, _tokens, Padded, _scale);
            MatrixProduct.Multiply(_tokens, _size, _tokens, p, Padded, 1, v, row, null, 0, attended + head * _size, _width);
        }
    }

    /// <summary>
    /// Writes dQ, dK and dV: dV = P^T dO, dP = dO V^T, dS = softmax'(P, dP) / sqrt(d_h), dQ = dS K, dK = dS^T Q.
    /// </summary>
    public void Backward(float* qkv, float* probabilities, float* dattended, float* dqkv)
    {
        int row = 3 * _width;
        for (int head = 0; head < _heads; head++)
        {
            float* q = qkv + head * _size;
            float* k = q + _width;
            float* v = k + _width;
            float* p = probabilities + head * _tokens * Padded;
            float* d = dattended + head * _size;
            float* dq = dqkv + head * _size;
            FusedLinear.Transpose(v, row, _tokens, _size, _transposed, Padded);
            MatrixProduct.Multiply(_tokens, _size, _tokens, p, 1, Padded, d, _width, null, 0, dq + 2 * _width, row);
            MatrixProduct.Multiply(_tokens, Padded, _size, d, _width, 1, _transposed, Padded, null, 0, _gradient, Padded);
            RowKernels.SoftmaxBackward(p, _gradient, _tokens, Padded, _scale);
            MatrixProduct.Multiply(_tokens, _size, _tokens, _gradient, Padded, 1, k, row, null, 0, dq, row);
            MatrixProduct.Multiply(_tokens, _size, _tokens, _gradient, 1, Padded, q, row, null, 0, dq + _width, row);
        }
    }
}
