namespace GpuGrad.Tests.Support.Ptx;

/// <summary>An operand as written.</summary>
internal abstract record PtxOperand;
internal sealed record RegisterOperand(string Name) : PtxOperand;
/// <summary>A special register, a variable or a label.</summary>
internal sealed record SymbolOperand(string Name) : PtxOperand;
internal sealed record IntegerOperand(long Value) : PtxOperand;
internal sealed record FloatOperand(ulong Bits, bool IsDouble) : PtxOperand;
internal sealed record VectorOperand(PtxOperand[] Parts) : PtxOperand;
internal sealed record AddressOperand(PtxOperand Base, long Offset) : PtxOperand;

internal abstract record PtxStatement(int Line);
internal sealed record LabelStatement(int Line, string Name) : PtxStatement(Line);
internal sealed record ScopeStatement(int Line, bool Opens) : PtxStatement(Line);
internal sealed record RegisterStatement(int Line, PtxType Type, string Name, int Count) : PtxStatement(Line);
internal sealed record VariableStatement(int Line, string Space, int Alignment, int ElementSize, string Name, int Length) : PtxStatement(Line);
internal sealed record InstructionStatement(int Line, string? Guard, bool Negated, string[] Mnemonic, PtxOperand[] Operands) : PtxStatement(Line);

internal sealed record PtxParameter(int Line, string Name, int Alignment, int Bytes);

/// <summary>A kernel as written.</summary>
internal sealed record PtxEntry(int Line, string Name, PtxParameter[] Parameters, int MaxThreads, PtxStatement[] Body);

/// <summary>A module as written.</summary>
internal sealed record PtxSource(double Version, int Target, VariableStatement[] Variables, PtxEntry[] Entries, string[] Lines);
